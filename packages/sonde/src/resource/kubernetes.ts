import type { Environment } from '../environment.ts';
import type { Container, ReadFile } from './container.ts';

/** Every pod with a service account, which is most, has its namespace here. */
const NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/**
 * The pod, by the variables that a deployment takes from the Downward API, as most call them; else by what each pod has. Nothing
 * outside of a cluster, where such names may mean something else.
 */
export function detectKubernetes(
  env: Environment,
  { name, podUid }: Container,
  read: ReadFile,
): Record<string, string | undefined> {
  if (!env['KUBERNETES_SERVICE_HOST']) return {};
  return {
    'k8s.pod.name': env['POD_NAME'] || env['HOSTNAME'],
    'k8s.pod.uid': env['POD_UID'] || podUid,
    'k8s.namespace.name': env['POD_NAMESPACE'] || read(NAMESPACE)?.trim(),
    'k8s.node.name': env['NODE_NAME'],
    'k8s.container.name': env['CONTAINER_NAME'] || name,
  };
}
