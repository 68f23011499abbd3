// The helper takes every release of it, and their types differ.
declare module "https-proxy-agent";

// What bundlers for browsers put in its place; Node.js has none.
declare namespace NodeJS {
  interface Process {
    browser?: boolean;
  }
}
