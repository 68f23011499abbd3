// With BUNDLED=1 next-auth is in the build, as Next.js bundles it for some targets.
const bundle = process.env.BUNDLED === "1";

module.exports = {
  webpack(config, { isServer }) {
    if (bundle && isServer) {
      const [leaveOut, ...rest] = config.externals;
      const isOurs = ({ request, context }) => /^next-auth(\/|$)/.test(request) || (request[0] === "." && context.includes("next-auth"));
      config.externals = [async asked => (isOurs(asked) ? undefined : leaveOut(asked)), ...rest];
    }
    return config;
  }
};
