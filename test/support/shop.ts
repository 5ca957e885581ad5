import { Program } from './program.ts';

export type ShopService = 'gateway' | 'orders' | 'payments';

/** The demo as a person starts it: three processes, a real Postgres, real TLS, 300 requests sent. */
export class Shop {
  readonly services: Readonly<Record<ShopService, { readonly url: string; readonly pid: number }>>;
  readonly program: Program;

  private constructor(program: Program) {
    this.program = program;
    const rows = program.stdout.matchAll(/^(\w+) +(https?:\S+)\/debug\/requests +pid (\d+)$/gm);
    this.services = Object.fromEntries(
      [...rows].map(([, name, url, pid]) => [name, { url, pid: Number(pid) }]),
    );
  }

  static async open(): Promise<Shop> {
    const program = new Program(['../examples/shop/shop.js'], { SONDE_DEBUG: 'context' });
    await program.prints(/Ctrl-C ends/);
    return new Shop(program);
  }

  async close(): Promise<number | NodeJS.Signals> {
    this.program.kill('SIGINT');
    return this.program.ended;
  }
}
