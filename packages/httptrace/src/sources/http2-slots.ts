import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { guarded } from '../report.ts';

type Waiting = Map<ClientHttp2Stream, () => void>;

/** In the order in which they came, which is that in which they are let go. */
const waiting = new WeakMap<ClientHttp2Session, Waiting>();

/** The state of a stream whose headers have not left (RFC 9113, 5.1; `NGHTTP2_STREAM_STATE_IDLE`). */
const IDLE = 1;

/**
 * Calls `opened` when the headers of a stream leave: at once as a rule, and where the peer allows no more streams at
 * once (RFC 9113, 5.1.2) when others have ended. Node tells that nowhere. `inUse`: how many streams of the session are
 * known to be open, this one among them. Answers a function that has it called now, if it was not.
 */
export function whenOpen(
  session: ClientHttp2Session,
  stream: ClientHttp2Stream,
  inUse: number,
  opened: () => void,
): () => void {
  const allowed = session.remoteSettings?.maxConcurrentStreams;
  if (allowed === undefined || inUse <= allowed) {
    opened();
    return () => {};
  }
  const others = waiting.get(session);
  if (others === undefined) waiting.set(session, new Map([[stream, opened]]));
  else others.set(stream, opened);
  return () => {
    if (waiting.get(session)?.delete(stream)) opened();
  };
}

/** A stream of this session has ended: another one may have been let go. */
export function streamEnded(session: ClientHttp2Session, stream: ClientHttp2Stream): void {
  const all = waiting.get(session);
  if (all === undefined) return;
  all.delete(stream);
  if (all.size === 0) waiting.delete(session);
  // The session writes what it may at the end of the tick.
  else setImmediate(look, all);
}

const look = guarded('the look at streams that wait', (all: Waiting) => {
  for (const [stream, opened] of all) {
    if (stream.state?.state === IDLE) return;
    all.delete(stream);
    opened();
  }
});
