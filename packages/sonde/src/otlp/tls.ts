import { readFileSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { Environment, Warn } from '../environment.ts';
import { readOtlpVariable } from './variables.ts';

/** As node:https takes it: the contents of PEM files. */
export interface TlsSettings {
  /** Whom to trust, in the place of the system's. */
  readonly ca?: Buffer;
  /** The client's certificate and key: both or none. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

const KINDS = { cert: 'certificate in PEM', key: 'private key in PEM without a passphrase' };

/** Files that cannot be read, or hold something else, are ignored; the program goes on. */
export function readTls(env: Environment, warn: Warn): TlsSettings {
  const ca = readPem(env, 'CERTIFICATE', 'cert', warn);
  return { ...(ca === undefined ? {} : { ca }), ...readClient(env, warn) };
}

function readClient(env: Environment, warn: Warn): TlsSettings {
  const cert = readPem(env, 'CLIENT_CERTIFICATE', 'cert', warn);
  const key = readPem(env, 'CLIENT_KEY', 'key', warn);
  if (cert === undefined && key === undefined) return {};
  if (cert === undefined || key === undefined) {
    const [there, missing] = key === undefined ? ['CERTIFICATE', 'KEY'] : ['KEY', 'CERTIFICATE'];
    warn(
      `OTEL_EXPORTER_OTLP_CLIENT_${there} means nothing without OTEL_EXPORTER_OTLP_CLIENT_${missing}; it is ignored`,
    );
    return {};
  }
  try {
    secureContext({ cert, key });
    return { cert, key };
  } catch (error) {
    warn(
      `OTEL_EXPORTER_OTLP_CLIENT_KEY is not the key of OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE (${reasonOf(error)}); both are ignored`,
    );
    return {};
  }
}

function readPem(
  env: Environment,
  setting: string,
  kind: keyof typeof KINDS,
  warn: Warn,
): Buffer | undefined {
  return readOtlpVariable(env, setting, (name, path) => {
    let pem: Buffer;
    try {
      pem = readFileSync(path);
    } catch (error) {
      warn(`${name} is "${path}", which cannot be read (${reasonOf(error)}); it is ignored`);
      return undefined;
    }
    try {
      // node:tls takes anything for a `ca`, and trusts nobody then.
      secureContext({ [kind]: pem });
      return pem;
    } catch (error) {
      warn(`${name} is "${path}", which holds no ${KINDS[kind]} (${reasonOf(error)}); it is ignored`);
      return undefined;
    }
  });
}

/** Throws what node:tls has against it, which is loaded for those alone who have such files. */
function secureContext(options: SecureContextOptions): void {
  process.getBuiltinModule('node:tls').createSecureContext(options);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
