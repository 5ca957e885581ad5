import { type ClientPhases, type Phase, phasesOf, secondsIn } from '../analysis/client-phases.ts';
import { labelOf, repeatsAmong } from '../analysis/repeats.ts';
import { type SpanNode, selfSeconds, treeOf, walk } from '../analysis/span-tree.ts';
import { duration, wordOf } from '../pages/text.ts';
import type { RuntimeShare } from '../view/runtime-lane.ts';
import type { Case, Reason } from './why.ts';

type Rule = (details: Case) => Reason[];

/** What takes less of a request explains nothing. */
const WORTH_SHARE = 0.15;
/** Nor does anything that nobody would notice. */
const WORTH_SECONDS = 0.005;

/** Habits of the code are told of fast requests, too: today's table is short, and the database near. */
const WORTH_SECONDS_OF_HABIT = 0.001;

function isWorth(seconds: number, { root }: Case, least: number = WORTH_SECONDS): boolean {
  return seconds >= least && seconds >= WORTH_SHARE * (root.end - root.start);
}

const share = (seconds: number, { root }: Case): string =>
  `${duration(seconds)} (${Math.round((100 * seconds) / Math.max(root.end - root.start, 1e-9))} %)`;

const reason = (rule: string, sentence: string, seconds: number, ...nodes: readonly SpanNode[]): Reason => ({
  rule,
  sentence,
  seconds,
  spanIds: nodes.map(({ span }) => span.spanId),
});

/** Whether a span is of the process whose request it is. */
function isOwn({ span }: SpanNode, root: SpanNode): boolean {
  return span.process === root.span.process;
}

/** A request that runs: what it waits for. */
const hangs: Rule = ({ nodes, request, root }) => {
  if (!request.active || request.waitingFor === undefined) return [];
  const { seconds, spanId, what } = request.waitingFor;
  const node = nodes.find(({ span }) => span.spanId === spanId) ?? root;
  const inside = [...walk(node.children)].findLast(({ span }) => span.active);
  const there =
    inside === undefined || isOwn(inside, root)
      ? ''
      : ` There, ${inside.span.service} is in ${quoted(labelOf(inside))}.`;
  return [reason('hangs', `It still runs, waiting ${duration(seconds)} for ${what}.${there}`, seconds, node)];
};

/** Where an error began: the failed span with no failed span below it, the first one of those. */
const failed: Rule = ({ nodes, request, root }) => {
  const origin = nodes.find(
    ({ children, span }) => span.error && !children.some((child) => child.span.error),
  );
  if (origin === undefined || (!request.error && !root.span.error)) return [];
  const { span } = origin;
  const exception = span.events.find(({ name }) => name === 'exception')?.attributes;
  const type = exception?.['exception.type'] ?? span.attributes['error.type'];
  const message = exception?.['exception.message'] ?? span.status.message;
  const what = [type, message].filter((part) => typeof part === 'string' && part !== '').join(': ');
  const answered = span.attributes['http.response.status_code'];
  if (span.kind === 'client' && exception === undefined && typeof answered === 'number') {
    const sentence = `It failed because ${quoted(labelOf(origin))} was answered with ${answered}.`;
    return [reason('failed', sentence, origin.end - origin.start, origin)];
  }
  const whose = isOwn(origin, root) ? '' : ` of ${span.service}`;
  const where = origin === root ? 'in the request itself' : `in ${quoted(labelOf(origin))}${whose}`;
  return [
    reason(
      'failed',
      `It failed${what === '' ? '' : ` with ${what}`}, ${where}.`,
      origin.end - origin.start,
      origin,
    ),
  ];
};

/** The same call again and again. */
const repeated: Rule = (details) =>
  details.nodes.flatMap((parent) =>
    repeatsAmong(parent.children, parent)
      .filter(({ seconds }) => isWorth(seconds, details, WORTH_SECONDS_OF_HABIT))
      .map(({ inTurn, label, nodes, seconds }) =>
        reason(
          'repeated',
          `${quoted(label)} is called ${nodes.length} times${inTurn ? ', one after the other' : ''}: ${share(seconds, details)}. ` +
            (inTurn
              ? 'One call for all of them, or all at once, would save most of it.'
              : 'One call for all of them would save most of it.'),
          seconds,
          ...nodes,
        ),
      ),
  );

/** Connections were made where kept ones would have served; those to one host together. */
const coldConnection: Rule = (details) => {
  const byHost = new Map<string, Dial[]>();
  for (const node of details.nodes) {
    const phases = phasesOf(node.span);
    if (phases?.reused !== false) continue;
    const { 'server.address': address, 'server.port': port } = node.span.attributes;
    const host = `${wordOf(address ?? 'another process')}${port === undefined ? '' : `:${wordOf(port)}`}`;
    const dials = byHost.get(host);
    if (dials === undefined) byHost.set(host, [{ node, phases }]);
    else dials.push({ node, phases });
  }
  return [...byHost].flatMap(([host, dials]) => {
    const seconds = secondsOf(dials, 'dns', 'connect', 'tls');
    if (!isWorth(seconds, details, WORTH_SECONDS_OF_HABIT)) return [];
    const [first] = dials as [Dial];
    const made =
      dials.length === 1
        ? `${quoted(labelOf(first.node))} made a new connection`
        : `${dials.length} calls to ${host} each made a new connection`;
    const kept = dials.length === 1 ? 'A kept one needs' : 'Kept ones need';
    const sentence = `${made}, ${share(seconds, details)}: ${partsOf(dials)}. ${kept} none of it.`;
    return [reason('cold-connection', sentence, seconds, ...dials.map(({ node }) => node))];
  });
};

interface Dial {
  readonly node: SpanNode;
  readonly phases: ClientPhases;
}

const secondsOf = (dials: readonly Dial[], ...phases: readonly Phase[]): number =>
  dials.reduce((sum, dial) => sum + secondsIn(dial.phases, ...phases), 0);

/** `DNS 1.20 ms, TCP 300 µs, TLS 4.10 ms`: those that took time. */
function partsOf(dials: readonly Dial[]): string {
  const names = { dns: 'DNS', connect: 'TCP', tls: 'TLS' } as const;
  return Object.entries(names)
    .map(([phase, name]) => [name, secondsOf(dials, phase as Phase)] as const)
    .filter(([, seconds]) => seconds > 0)
    .map(([name, seconds]) => `${name} ${duration(seconds)}`)
    .join(', ');
}

/** All connections were busy. */
const poolWait: Rule = (details) =>
  details.nodes.flatMap((node) => {
    const phases = phasesOf(node.span);
    if (phases === undefined) return [];
    const seconds = secondsIn(phases, 'queue');
    if (!isWorth(seconds, details) || phases.wasIdle === true) return [];
    // What could not be reached did not wait for a pool.
    if (phases.reused === undefined && secondsIn(phases, 'dns', 'connect', 'tls') > 0) return [];
    return [
      reason(
        'pool-wait',
        `${quoted(labelOf(node))} waited ${share(seconds, details)} for a free connection: its pool has too few of them, or they are held too long.`,
        seconds,
        node,
      ),
    ];
  });

/** Another process took its time; or, where that one told how long, the way there and back did. */
const slowAnswer: Rule = (details) =>
  details.nodes.flatMap((node) => {
    const phases = phasesOf(node.span);
    if (phases === undefined || node.span.active) return [];
    const served = node.children.find(({ span }) => span.kind === 'server');
    const seconds = secondsIn(phases, 'wait') - (served?.span.elapsedSeconds ?? 0);
    if (!isWorth(seconds, details) || !details.critical.has(node)) return [];
    if (served !== undefined) {
      const sentence = `${quoted(labelOf(node))} waited ${share(seconds, details)} longer than ${served.span.service} took: the time is on the way, or in a busy event loop.`;
      return [reason('slow-way', sentence, seconds, node)];
    }
    return [
      reason(
        'slow-answer',
        `${quoted(labelOf(node))} was answered after ${share(seconds, details)}: the time is on the other side.`,
        seconds,
        node,
      ),
    ];
  });

/** Other processes took their time, and told where; what a call needs on its way is told by other rules. */
const elsewhere: Rule = (details) => {
  const { critical, nodes, root } = details;
  if (root.span.active) return [];
  const held = (node: SpanNode): number => critical.get(node) ?? 0;
  const others = nodes.filter((node) => !isOwn(node, root) && phasesOf(node.span) === undefined);
  return [...new Set(others.map(({ span }) => span.process))].flatMap((process) => {
    const some = others.filter(({ span }) => span.process === process);
    const seconds = some.reduce((sum, node) => sum + held(node), 0);
    const longest = some.reduce((a, b) => (held(b) > held(a) ? b : a));
    if (!isWorth(seconds, details)) return [];
    const most = held(longest) > 0.9 * seconds ? '' : 'most of it ';
    const sentence = `${longest.span.service} took ${share(seconds, details)}, ${most}in ${quoted(labelOf(longest))}.`;
    return [reason('elsewhere', sentence, seconds, longest)];
  });
};

/** Spans that took far longer than in the request that is usual. */
const unusual: Rule = (details) => {
  const { nodes, root, usual } = details;
  if (usual === undefined || root.end - root.start < 1.5 * usual.seconds) return [];
  const usualSelf = selfByPath([...walk(treeOf(usual.trace.spans))]);
  const reasons: Reason[] = [];
  // What is usual in other processes is not known here.
  const ownNodes = nodes.filter((node) => isOwn(node, root));
  for (const [path, { label, own, seconds }] of selfByPath(ownNodes)) {
    const before = usualSelf.get(path)?.seconds ?? 0;
    const more = seconds - before;
    if (!isWorth(more, details) || own === undefined || own === root || phasesOf(own.span) !== undefined)
      continue;
    const than = usualSelf.has(path) ? `usual is ${duration(before)}` : 'usually it is not called at all';
    reasons.push(
      reason('unusual', `${quoted(label)} itself took ${share(seconds, details)}; ${than}.`, more, own),
    );
  }
  return reasons;
};

interface PathShare {
  readonly label: string;
  /** The one that took longest. */
  readonly own: SpanNode | undefined;
  readonly seconds: number;
}

/** Self time by the names from the root down. */
function selfByPath(nodes: readonly SpanNode[]): Map<string, PathShare> {
  const paths = new Map<SpanNode, string>();
  const shares = new Map<string, PathShare>();
  for (const node of nodes) {
    const label = labelOf(node);
    const path = `${node.parent === undefined ? '' : (paths.get(node.parent) ?? '')}\n${label}`;
    paths.set(node, path);
    const known = shares.get(path);
    const seconds = selfSeconds(node);
    const longest = known?.own === undefined || selfSeconds(known.own) < seconds ? node : known.own;
    shares.set(path, { label, own: longest, seconds: (known?.seconds ?? 0) + seconds });
  }
  return shares;
}

/** The handler's own code, or something that nobody traced. */
const untraced: Rule = (details) => {
  const { root, runtime } = details;
  const seconds = selfSeconds(root);
  if (root.span.active || seconds < 0.5 * (root.end - root.start) || !isWorth(seconds, details)) return [];
  // Where the event loop stood still, that is told with what it did.
  if (stoodStill(details) >= 0.5 * seconds) return [];
  const hint =
    runtime !== undefined && runtime.loopBusy >= 0.5 * seconds
      ? 'The event loop was busy meanwhile: it computes.'
      : 'It computes, or waits for something that is not traced.';
  return [reason('untraced', `${share(seconds, details)} are in no span. ${hint}`, seconds, root)];
};

/** One thing held the event loop, and everything else waited. */
const stalled: Rule = (details) => {
  const seconds = stoodStill(details);
  if (!isWorth(seconds, details)) return [];
  const { nodes, root, runtime } = details;
  const { gc, stalls = [] } = runtime as RuntimeShare;
  const longest = stalls.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a));
  const cpu = stalls.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  const all = stalls.reduce((sum, { end, start }) => sum + end - start, 0);
  const what =
    gc >= 0.5 * seconds
      ? 'most of it while garbage was collected'
      : cpu >= 0.5 * all
        ? 'code computed without a pause'
        : 'a synchronous call waited';
  const times = stalls.length === 1 ? '' : ` in ${stalls.length} stalls`;
  const [start, end] = [Math.max(longest.start, root.start), Math.min(longest.end, root.end)];
  const inside = nodes.findLast(
    (node) =>
      isOwn(node, root) && Math.min(node.end, end) - Math.max(node.start, start) >= MOST_OF * (end - start),
  );
  const where = inside === undefined || inside === root ? '' : ` in ${quoted(labelOf(inside))}`;
  const sentence = `The event loop stood still for ${share(seconds, details)}${times}: ${what}${where}.${who(longest.otherRequests)}`;
  return [reason('stalled', sentence, seconds, inside ?? root)];
};

/** A stall begins and ends with what led to a span and followed it: it is known to a tick. */
const MOST_OF = 0.9;

/** Seconds of a request in which the event loop stood still. */
function stoodStill({ root, runtime }: Case): number {
  const inside = (runtime?.stalls ?? []).map(
    ({ end, start }) => Math.min(end, root.end) - Math.max(start, root.start),
  );
  return inside.reduce((sum, seconds) => sum + Math.max(0, seconds), 0);
}

/** A stall tells not who made it; but where nobody else was there, it is clear. */
function who(otherRequests: number | undefined): string {
  if (otherRequests === undefined) return '';
  if (otherRequests === 0) return ' No other request ran meanwhile.';
  const others = otherRequests === 1 ? 'Another request' : `${otherRequests} other requests`;
  return ` ${others} ran meanwhile and may have done it.`;
}

const busyLoop: Rule = (details) => {
  const { cpu = 0, loopBusy: seconds = 0, otherRequests } = details.runtime ?? {};
  if (!isWorth(seconds, details) || stoodStill(details) >= 0.5 * seconds) return [];
  const how = cpu >= 0.8 * seconds ? ', computing' : '';
  const whose = otherRequests === undefined ? ', with this request or others.' : `.${who(otherRequests)}`;
  const sentence = `The event loop was busy for ${share(seconds, details)} of it${how}${whose}`;
  return [reason('busy-loop', sentence, seconds)];
};

const collected: Rule = (details) => {
  const { gc: seconds = 0, pauses = 0 } = details.runtime ?? {};
  if (!isWorth(seconds, details)) return [];
  const times = pauses < 2 ? '' : `, in ${pauses} pauses`;
  return [reason('gc', `Garbage was collected for ${share(seconds, details)} of it${times}.`, seconds)];
};

const quoted = (label: string): string => `“${label}”`;

export const rules: readonly Rule[] = [
  hangs,
  failed,
  repeated,
  coldConnection,
  poolWait,
  slowAnswer,
  elsewhere,
  unusual,
  untraced,
  stalled,
  busyLoop,
  collected,
];
