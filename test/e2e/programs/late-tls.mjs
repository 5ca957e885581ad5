// Loads TLS after the start, and dials, as a client behind a proxy does: is `tls.connect`, which makes the tunnel, watched?
import { once } from 'node:events';
import net from 'node:net';

const isLoaded = () => process.moduleLoadList.includes('NativeModule tls');
const before = isLoaded();
const { default: tls } = await import('node:tls');
const { connect } = tls;
const server = net.createServer((socket) => socket.resume()).listen(0);
await once(server, 'listening');
await once(net.connect(server.address().port), 'connect');
console.log(JSON.stringify({ before, watched: tls.connect !== connect }));
process.exit();
