import { existsSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { repository } from '../support/project.ts';
import { Terminal } from '../support/terminal.ts';

/** What a README says to type, and what it says that the last line of that prints. */
interface Step {
  readonly lines: string[];
  readonly output: string | undefined;
}

function stepsOf(readme: string): Step[] {
  const blocks = readme.matchAll(/^```(?:sh\n(.+?)^```(?:\n+```text\n(.+?)^```)?)/gms);
  return [...blocks].map(([, sh = '', output]) => {
    const lines = sh.split('\n').map((line) => line.replace(/ +#.*/, '').trim());
    return { lines: lines.filter((line) => line !== ''), output };
  });
}

/** Times, ids and bars left out, and the places of requests among the latencies: those differ each time. */
function shapeOf(text: string, ports: ReadonlyMap<string, string>): string[] {
  let shape = text
    .replace(/\b[0-9a-f]{32}\b/g, '<trace>')
    .replace(/\d{4}-\d\d-\d\d[ T][\d:.]+Z?/g, '<when>')
    .replace(/\d[\d.,]* (?:ns|µs|ms|s)\b/g, '<time>')
    .replace(/<when> +\d+\.\d+/g, '<when> <seconds>')
    .replace(/(?: +(?:·|\d+|<time>)(?=\s)){4,}/g, ' <counts>');
  for (const [written, actual] of ports) shape = shape.replaceAll(actual, written);
  return shape
    .split('\n')
    .map((line) => line.trimEnd().replace(/(?<=\S)[ ━]+/g, ' '))
    .filter((line) => line !== '');
}

const isServer = (line: string) => /^(?:[A-Z_]+=\S+ )*(?:npm (?:start|run)|node) /.test(`${line} `);

const terminals: Terminal[] = [];

afterEach(() => {
  for (const terminal of terminals.splice(0)) terminal.close();
  rmSync(repository('examples/queue-worker/queue'), { recursive: true, force: true });
});

function open(cwd: string): Terminal {
  const terminal = new Terminal(cwd, { PORT: '0' });
  terminals.push(terminal);
  return terminal;
}

/** For each server that a README starts, the port that it says in the place of what the system gives here, and where that stands. */
const examples: [string, [port: string, printed: RegExp][]][] = [
  ['express', [['3000', /listening on http:\/\/localhost:(\d+)/]]],
  ['fastify', [['3000', /listening on http:\/\/localhost:(\d+)/]]],
  [
    'queue-worker',
    [
      ['3000', /listening on http:\/\/localhost:(\d+)/],
      ['9091', /http:\/\/localhost:(\d+)\/debug\/requests/],
    ],
  ],
  ['plain-opentelemetry', [['3000', /http:\/\/localhost:(\d+)\/debug\/requests/]]],
];

describe.each(examples)('the example %s', (name, servers) => {
  const readme = readFileSync(repository(`examples/${name}/README.md`), 'utf8');
  const steps = stepsOf(readme);

  it('says how it is started, and what is to be seen', () => {
    expect(steps.flatMap(({ lines }) => lines).filter(isServer)).toHaveLength(servers.length + 1);
    expect(steps.filter(({ output }) => output !== undefined).length).toBeGreaterThan(0);
  });

  it('does what its README says, line by line', async () => {
    rmSync(repository('examples/queue-worker/queue'), { recursive: true, force: true });
    const ports = new Map<string, string>();
    const waiting = [...servers];
    const asTyped = (line: string) => line.replace(/\d{4,}/g, (port) => ports.get(port) ?? port);
    let folder = repository('');
    const terminal = open(folder);

    for (const { lines, output } of steps) {
      let printed = '';
      for (const line of lines) {
        if (line === 'npm run build') continue; // It was: these programs run what it made.
        if (isServer(line)) {
          const [port, pattern] = waiting.shift() as [string, RegExp];
          const server = open(folder);
          server.type(line.replaceAll(port, '0'));
          ports.set(port, String((await server.prints(pattern))[1]));
          continue;
        }
        printed = await terminal.run(asTyped(line));
        if (line.startsWith('cd ')) folder = `${folder}/${line.slice('cd '.length)}`;
      }
      if (output === undefined) continue;
      const last = asTyped(lines.at(-1) ?? '');
      const expected = shapeOf(output, new Map());
      const missing = () => {
        const lines = shapeOf(printed, ports);
        return expected.filter((line) => !lines.includes(line));
      };
      // A page may be asked before that is there which it shows.
      const askAgain = async () => {
        printed = await terminal.run(last);
        return missing();
      };
      if (missing().length > 0) await expect.poll(askAgain).toEqual([]);
    }
    expect(waiting).toEqual([]);
  });

  it('has a program of its own in package.json', () => {
    const { scripts } = JSON.parse(readFileSync(repository(`examples/${name}/package.json`), 'utf8'));
    for (const script of Object.values(scripts) as string[]) {
      expect(existsSync(repository(`examples/${name}/${script.split(' ').at(-1)}`))).toBe(true);
    }
  });
});
