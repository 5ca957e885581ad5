// As Next's documentation has it: called once in each runtime, before the server takes requests.
export async function register(): Promise<void> {
  if (process.env['NEXT_RUNTIME'] !== 'nodejs') return;
  if (process.env['STARTED_BY'] === 'flag') return;
  const { start } = await import('sonde');
  start({ serviceName: 'next-app' });
  console.log('started');
}
