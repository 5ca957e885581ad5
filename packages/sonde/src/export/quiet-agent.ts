import type { Agent as HttpAgent } from 'node:http';
import type { AgentOptions, Agent as HttpsAgent } from 'node:https';

/**
 * An agent for OpenTelemetry's exporters, by their `httpAgentOptions`, whose connections do not keep the process alive:
 * not even while a collector is slow to answer. Whoever wants the answer holds the process by a timer.
 */
export async function quietAgent(protocol: string, options: AgentOptions = {}): Promise<HttpAgent> {
  // node:https brings TLS along: not where nobody speaks it.
  const { Agent } = protocol === 'http:' ? await import('node:http') : await import('node:https');
  return unheld(new Agent({ keepAlive: true, ...options }));
}

function unheld(agent: HttpAgent | HttpsAgent): HttpAgent {
  const http: HttpAgent = agent;
  const connect = http.createConnection;
  const reuse = http.reuseSocket;
  http.createConnection = (options, callback) => letGo(connect.call(http, options, callback));
  // Node's own takes hold of it again.
  http.reuseSocket = (socket, request) => {
    reuse.call(http, socket, request);
    letGo(socket);
  };
  return http;
}

function letGo<S>(socket: S): S {
  (socket as { unref?: () => void } | null | undefined)?.unref?.();
  return socket;
}
