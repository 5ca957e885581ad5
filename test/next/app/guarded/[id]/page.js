export default async function Page({ params }) {
  const { id } = await params;
  return <p>guarded {id}</p>;
}
