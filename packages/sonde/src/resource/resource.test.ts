import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../version.ts';
import { detectResource } from './resource.ts';

const nothing = () => undefined;

it('tells of the process and its host, and no argument of its command', () => {
  const resource = detectResource({}, nothing);
  expect(resource).toEqual({
    'service.instance.id': expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/),
    'host.name': expect.any(String),
    'host.arch': expect.any(String),
    'os.type': expect.any(String),
    'os.version': expect.any(String),
    'process.pid': process.pid,
    'process.executable.name': expect.any(String),
    'process.executable.path': process.execPath,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'process.runtime.description': 'Node.js',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'sonde',
    'telemetry.sdk.version': VERSION,
  });
  expect(detectResource({}, nothing)['service.instance.id']).not.toBe(resource['service.instance.id']);
});

it('the version of the SDK is that of the package', () => {
  const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  expect(JSON.parse(manifest).version).toBe(VERSION);
});

it.each([
  [{ npm_package_version: '1.2.3', npm_package_json: join(process.cwd(), 'package.json') }, '1.2.3'],
  // Of the package whose script started another program.
  [{ npm_package_version: '1.2.3', npm_package_json: '/elsewhere/package.json' }, undefined],
  [{ npm_package_version: '1.2.3' }, undefined],
  [{ npm_package_version: '', npm_package_json: join(process.cwd(), 'package.json') }, undefined],
])('with %j the version of the service is %s', (env, version) => {
  expect(detectResource(env, nothing)['service.version']).toBe(version);
});

describe('in a pod', () => {
  const uid = '2c48913c-b29f-11e7-9350-020968147796';
  const files: Readonly<Record<string, string>> = {
    '/proc/self/cgroup': '0::/\n',
    '/proc/self/mountinfo': `1 2 8:1 /var/lib/kubelet/pods/${uid}/containers/shop/1f2e /dev/termination-log rw - ext4 /dev/sda1 rw\n`,
    '/var/run/secrets/kubernetes.io/serviceaccount/namespace': 'prod\n',
  };
  const read = (path: string) => files[path];
  const pod = (env: Record<string, string>) =>
    Object.fromEntries(Object.entries(detectResource(env, read)).filter(([key]) => key.startsWith('k8s.')));

  it.runIf(process.platform === 'linux')('what each pod has is enough', () => {
    expect(pod({ KUBERNETES_SERVICE_HOST: '10.0.0.1', HOSTNAME: 'shop-7d9' })).toEqual({
      'k8s.pod.name': 'shop-7d9',
      'k8s.pod.uid': uid,
      'k8s.namespace.name': 'prod',
      'k8s.container.name': 'shop',
    });
  });

  it('variables of the deployment win', () => {
    const env = {
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
      HOSTNAME: 'node-1',
      POD_NAME: 'shop-1',
      POD_UID: 'u',
      POD_NAMESPACE: 'test',
      NODE_NAME: 'node-1',
      CONTAINER_NAME: 'app',
    };
    expect(pod(env)).toEqual({
      'k8s.pod.name': 'shop-1',
      'k8s.pod.uid': 'u',
      'k8s.namespace.name': 'test',
      'k8s.node.name': 'node-1',
      'k8s.container.name': 'app',
    });
  });

  it('nothing is said outside of a cluster', () => {
    expect(pod({ HOSTNAME: 'laptop', POD_NAME: 'x', NODE_NAME: 'y' })).toEqual({});
  });
});
