import { headers } from 'next/headers';

export default async function Page() {
  await headers(); // not at build time
  throw new Error('boom');
}
