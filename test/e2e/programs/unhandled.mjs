// A request whose 'error' nobody listens for: the process must die of it, as it does without Sonde.
import http from 'node:http';

http.get('http://127.0.0.1:1/');
