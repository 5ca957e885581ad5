export default {
  // Not the repository, whose lockfile is above.
  turbopack: { root: import.meta.dirname },
  outputFileTracingRoot: import.meta.dirname,
};
