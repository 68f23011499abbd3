// The helper takes every release of it, and their types differ.
declare module "https-proxy-agent";
