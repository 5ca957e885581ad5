// Everything that was asked for, under one Node.
import { measurements, ROWS, SETUPS } from './cases.mjs';
import { clientsOf } from './http/clients.mjs';
import { measureServers } from './http/measure.mjs';
import { measureClients } from './http/measure-clients.mjs';
import { serversOf } from './http/subjects.mjs';
import { measureImports, measureMemory } from './programs.mjs';
import { subjectsOf } from './subjects.mjs';
import { judge } from './targets.mjs';
import { takeTurns } from './turns.mjs';

/**
 * @param {string[]} names the cases; see CASE_NAMES
 * @param {(sentence: string) => void} say what begins now
 */
export async function measureUnder(node, binary, names, say) {
  const rows = ROWS.filter(({ name }) => names.includes(name));
  const figures = {};
  const add = (more) => {
    for (const [subject, measured] of Object.entries(more)) {
      figures[subject] = { ...figures[subject], ...measured };
    }
  };

  for (const setup of SETUPS) {
    const keys = measurements(rows, setup);
    if (keys.length === 0) continue;
    const subjects = subjectsOf(setup, node).map(({ name }) => name);
    say(`Node ${node}, ${setup}: ${subjects.join(', ')}`);
    add(await takeTurns(binary, setup, subjects, keys));
  }
  if (rows.some(({ setup }) => setup === 'server')) {
    const subjects = serversOf(node);
    say(`Node ${node}, servers: ${subjects.join(', ')}`);
    add(addedTo(await measureServers(binary, subjects)));
  }
  if (rows.some(({ setup }) => setup === 'client')) {
    const subjects = clientsOf(node);
    say(`Node ${node}, clients: ${subjects.join(', ')}`);
    for (const [by, micros] of Object.entries(await measureClients(binary, subjects)))
      add(addedToClient(by, micros));
  }
  if (rows.some(({ setup }) => setup === 'memory')) {
    say(`Node ${node}, memory`);
    add(await measureMemory(binary, subjectsOf('memory', node)));
  }
  if (rows.some(({ setup }) => setup === 'import')) {
    say(`Node ${node}, import`);
    add(await measureImports(binary, subjectsOf('import', node)));
  }

  derive(figures);
  return rows.map((row) => summary(row, node, figures));
}

/** What each subject adds to a request of a server, beside what that costs by itself. */
function addedTo({ plain, 'AsyncLocalStorage.run': storage, ...traced }) {
  const added = Object.entries(traced).map(([subject, micros]) => [
    subject,
    { server: micros - plain, serverAboveAls: micros - storage },
  ]);
  const figures = Object.fromEntries(added);
  figures.sonde.serverPlain = plain;
  return figures;
}

/** The same of a client, and what hooks without a span add. */
function addedToClient(by, { all, installed, off, plain, three, ...traced }) {
  const figures = Object.fromEntries(
    Object.entries(traced).map(([subject, micros]) => [subject, { [`${by}Span`]: micros - plain }]),
  );
  Object.assign(figures.sonde, {
    [`${by}Off`]: plain,
    [`${by}Installed`]: installed / off,
    [`${by}Three`]: three - off,
    [`${by}All`]: all - off,
  });
  return figures;
}

/** What is computed from measurements: see PARTS in cases.mjs. */
function derive(figures) {
  for (const measured of Object.values(figures)) {
    if (measured.nested !== undefined) measured.net = measured.nested - measured.bare;
  }
  if (figures.sonde.plain !== undefined) figures['plain call'] = { untraced: figures.sonde.plain };
}

function summary({ key, name, title, unit }, node, figures) {
  const measured = Object.entries(figures)
    .filter(([, byKey]) => byKey[key] !== undefined)
    .map(([subject, byKey]) => [subject, byKey[key]]);
  const bySubject = Object.fromEntries(measured);
  return { case: name, title, unit, figures: bySubject, targets: judge(key, node, bySubject) };
}
