import { defineConfig } from 'vitest/config';
import { browserScript } from './scripts/browser-script.mjs';

/**
 * Tests run on the sources, without a build: the `@sonde/source` condition of each package leads there. Programs
 * that tests start as processes of their own run the build, as users do. (Vitest hands the conditions to Node as well:
 * with `import` among them, what is required would be given modules.)
 */
const sources = ['@sonde/source', 'node'];

const project = (name: string, include: string[], more: object = {}) => ({
  extends: true as const,
  test: { name, include, ...more },
});

export default defineConfig({
  plugins: [browserScript],
  resolve: { conditions: sources },
  ssr: { resolve: { conditions: sources } },
  test: {
    // Each file in a process of its own: global providers, patched prototypes and sockets must not meet.
    pool: 'forks',
    restoreMocks: true,
    // Of something that must happen, however slow the machine: no test waits so long for what must not.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      // Properties ask for hundreds of cases, on machines that do other work too.
      project('unit', ['packages/*/src/**/*.test.ts', 'test/architecture/*.test.ts'], {
        testTimeout: 30_000,
      }),
      project('conformance', ['test/conformance/*.test.ts'], { testTimeout: 30_000 }),
      project('http', ['test/http/*.test.ts', 'test/debug/*.test.ts'], { testTimeout: 30_000 }),
      project('httptrace', ['test/httptrace/*.test.ts'], { testTimeout: 30_000 }),
      project('interop', ['test/interop/*.test.ts'], { testTimeout: 30_000 }),
      project('e2e', ['test/e2e/*.test.ts'], {
        testTimeout: 60_000,
        hookTimeout: 120_000,
        fileParallelism: false,
      }),
      project('browser', ['test/browser/*.test.ts'], { testTimeout: 60_000, hookTimeout: 120_000 }),
    ],
  },
});
