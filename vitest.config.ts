import { defineConfig } from 'vitest/config';
import { moduleText } from './scripts/module-text.mjs';

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
  plugins: [moduleText],
  resolve: { conditions: sources },
  ssr: { resolve: { conditions: sources } },
  test: {
    // Each file in a process of its own: global providers, patched prototypes and sockets must not meet.
    pool: 'forks',
    restoreMocks: true,
    // Of what must happen, however slow the machine: no test waits so long for what must not. Properties ask for hundreds
    // of cases, and took 26 s in the place of 2 where others were at work.
    testTimeout: 180_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    projects: [
      project('unit', ['packages/*/src/**/*.test.ts', 'test/architecture/*.test.ts']),
      project('conformance', ['test/conformance/*.test.ts']),
      project('http', ['test/http/*.test.ts', 'test/debug/*.test.ts']),
      project('httptrace', ['test/httptrace/*.test.ts']),
      project('interop', ['test/interop/*.test.ts']),
      project('e2e', ['test/e2e/*.test.ts'], { fileParallelism: false }),
      project('next', ['test/next/*.test.ts']),
      project('browser', ['test/browser/*.test.ts']),
    ],
  },
});
