// Who is measured: Sonde first, then its peers. What a subject is stands in its file in subjects/.

const NAMES = ['sonde', 'sdk-trace-base', 'sdk-trace-3', 'dd-trace', 'sentry'];

export const SUBJECTS = await Promise.all(
  NAMES.map(async (name) => ({ name, ...(await import(`./subjects/${name}.mjs`)) })),
);

/** Those with something to measure in this setup under this Node. */
export const subjectsOf = (setup, node) =>
  SUBJECTS.filter(({ runsOn, setups }) => runsOn(node) && setups.includes(setup));
