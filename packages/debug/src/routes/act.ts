import { type Access, whyNoAction } from '../access.ts';
import type { Visit } from '../page-server.ts';
import { answerText } from './answer.ts';
import type { ActionResponse, PageRequest, PageSource } from './route.ts';
import { routeOf } from './routes.ts';

/** How often it is asked whether the server still takes requests. */
const LOOK_MILLIS = 1_000;

/**
 * Does what costs the process something, for those who may have it done, while somebody waits for it and the server is
 * open. Undefined where a page is asked for.
 */
export async function act<Asking>(
  { path, query }: PageRequest,
  source: () => PageSource,
  visit: Visit<Asking>,
  access: Access,
): Promise<ActionResponse | undefined> {
  const { form, id = '', route } = routeOf(path) ?? {};
  if (route === undefined || !('act' in route)) return undefined;
  const refused = whyNoAction(access, visit);
  if (refused !== undefined) return answerText(`${refused}\n`, 403);
  const now = source();
  if (now.process.saved === true) return answerText(SAVED, 404);
  // Whoever asks for the head alone asks whether there is such a thing.
  if (visit.method === 'HEAD') return { status: 200, type: 'application/octet-stream', body: '' };
  const closing = new AbortController();
  const look = setInterval(() => visit.serving?.() === false && closing.abort(), LOOK_MILLIS).unref();
  const gone = visit.left?.();
  const signal = gone === undefined ? closing.signal : AbortSignal.any([gone, closing.signal]);
  try {
    return await route.act({ form, id: decoded(id), query, signal }, now);
  } finally {
    clearInterval(look);
  }
}

const SAVED = 'sonde: this is what was saved of a process; nothing can be measured in it any more\n';

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
