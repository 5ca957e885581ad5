// Of the pages router.
export async function getServerSideProps({ params }) {
  return { props: { id: params.id } };
}

export default function Page({ id }) {
  return <p>old {id}</p>;
}
