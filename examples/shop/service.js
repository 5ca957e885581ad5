// One service as a child process of its own: the only place where Sonde is named is the command line.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Answers once the service listens, on `preferredPort` or, if that is taken, on another. Rejects when it ends before, or tells no address within half a minute. */
export async function startService(name, env, preferredPort) {
  const child = spawn(
    process.execPath,
    ['--import', 'sonde/register', '--import', './leash.js', `services/${name}.js`],
    {
      cwd: here,
      env: {
        ...process.env,
        ...env,
        OTEL_SERVICE_NAME: name,
        PORT: String(preferredPort ?? 0),
        // Its own lines tell the address; Sonde need not.
        NODE_ENV: 'production',
      },
      // The channel is for leash.js: it closes with this process.
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    },
  );
  const ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const url = await Promise.race([
    addressIn(child.stdout),
    ended.then((how) => Promise.reject(new Error(`${name} did not start: it ended by ${how}`))),
    tooLate(name),
  ]);
  return { name, pid: child.pid, url, ended, kill: (signal) => child.kill(signal) };
}

function addressIn(stdout) {
  return new Promise((resolve) => {
    let text = '';
    stdout.on('data', (chunk) => {
      text += chunk;
      const address = /^listening on (\S+)$/m.exec(text)?.[1];
      if (address) resolve(address);
    });
  });
}

function tooLate(name) {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${name} did not start within 30 s`)), 30_000).unref();
  });
}
