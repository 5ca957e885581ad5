// A server component that asks the application itself for something.
import { withSpan } from '@sonde/core';
import { headers } from 'next/headers';

export default async function Page({ params }) {
  const { id } = await params;
  const host = (await headers()).get('host');
  const item = await withSpan('load item', { attributes: { 'work.for': id } }, async () => {
    const response = await fetch(`http://${host}/api/items/${id}`, { cache: 'no-store' });
    return response.json();
  });
  return <p>order of {item.id}</p>;
}
