import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import apps from './apps.cjs';

apps.ws(createServer, WebSocketServer);
