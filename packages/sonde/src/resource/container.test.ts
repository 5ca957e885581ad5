import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectContainer, readGroups, readMounts } from './container.ts';

const ID = '7e8c1b2a4f6d9e0c3b5a7f8e1d2c4b6a9f0e3d5c7b1a8f6e4d2c0b9a7f5e3d1c';
const OTHER = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
const UID = '2c48913c-b29f-11e7-9350-020968147796';

describe('of /proc/self/cgroup', () => {
  it.each([
    [
      'Docker, version 1',
      `13:name=systemd:/docker/${ID}\n12:pids:/docker/${ID}\n0::/docker/${ID}\n`,
      { id: ID },
    ],
    ['Docker by systemd, version 2', `0::/system.slice/docker-${ID}.scope\n`, { id: ID }],
    ['Docker in Docker', `1:name=systemd:/docker/${OTHER}/docker/${ID}\n`, { id: ID }],
    ['Podman', `0::/machine.slice/libpod-${ID}.scope/container\n`, { id: ID }],
    [
      'Podman without root',
      `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope\n`,
      { id: ID },
    ],
    ['LXC in a task of ECS', `9:perf_event:/ecs/5a0d5ceddf6c44c1928d367a815d890f/${ID}\n`, { id: ID }],
    [
      'Fargate',
      '1:name=systemd:/ecs/5a0d5ceddf6c44c1928d367a815d890f/5a0d5ceddf6c44c1928d367a815d890f-2918804664\n',
      { id: '5a0d5ceddf6c44c1928d367a815d890f-2918804664' },
    ],
    [
      'Kubernetes with cgroupfs',
      `11:cpuset:/kubepods/besteffort/pod${UID}/${ID}\n10:memory:/kubepods/besteffort/pod${UID}/${ID}\n`,
      { id: ID, podUid: UID },
    ],
    [
      'Kubernetes with systemd and containerd',
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice/cri-containerd-${ID}.scope\n`,
      { id: ID, podUid: UID },
    ],
    [
      'Kubernetes with containerd, by its own path',
      `1:name=systemd:/system.slice/containerd.service/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice:cri-containerd:${ID}\n`,
      { id: ID, podUid: UID },
    ],
    [
      'Kubernetes with CRI-O',
      `0::/kubepods.slice/kubepods-pod${UID.replaceAll('-', '_')}.slice/crio-${ID}.scope/container\n`,
      { id: ID, podUid: UID },
    ],
    [
      'a shell of a desktop',
      '0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome.scope\n',
      {},
    ],
    ['a service', '0::/system.slice/nodeapp.service\n', {}],
    ['the root', '0::/\n', {}],
    ['a longer number', `0::/x/${ID}0\n`, {}],
    ['nothing', '', {}],
  ])('%s', (_name, text, container) => {
    expect(readGroups(text)).toEqual(container);
  });
});

describe('of /proc/self/mountinfo', () => {
  const around = (line: string): string =>
    `1420 1300 0:181 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/ABC\n${line}\n1421 1420 0:184 / /proc rw,nosuid - proc proc rw\n`;
  it.each([
    [
      'Docker',
      around(
        `1433 1420 8:1 /var/lib/docker/containers/${ID}/resolv.conf /etc/resolv.conf rw,relatime - ext4 /dev/sda1 rw\n` +
          `1434 1420 8:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw,relatime - ext4 /dev/sda1 rw`,
      ),
      { id: ID },
    ],
    [
      'Docker Desktop',
      around(`678 655 254:1 /docker/containers/${ID}/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw`),
      { id: ID },
    ],
    [
      'Podman',
      around(
        `983 961 0:56 /containers/overlay-containers/${ID}/userdata/hostname /etc/hostname rw,nosuid - tmpfs tmpfs rw`,
      ),
      { id: ID },
    ],
    [
      'a pod of containerd, which tells the sandbox’s name',
      around(
        `1530 1420 8:1 /var/lib/kubelet/pods/${UID}/etc-hosts /etc/hosts rw,relatime - ext4 /dev/sda1 rw\n` +
          `1531 1420 8:1 /var/lib/kubelet/pods/${UID}/containers/shop/1f2e3d4c /dev/termination-log rw - ext4 /dev/sda1 rw\n` +
          `1532 1420 8:1 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/${OTHER}/hostname /etc/hostname rw - ext4 /dev/sda1 rw`,
      ),
      { podUid: UID, name: 'shop' },
    ],
    [
      'a pod of CRI-O, whose name is the sandbox’s too',
      around(
        `1530 1420 8:1 /var/lib/kubelet/pods/${UID}/etc-hosts /etc/hosts rw,relatime - ext4 /dev/sda1 rw\n` +
          `1532 1420 0:24 /containers/storage/overlay-containers/${OTHER}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw`,
      ),
      { podUid: UID },
    ],
    [
      'containerd that mounts the control groups',
      around(
        `1525 1523 0:29 /kubepods/burstable/pod${UID}/cri-containerd-${ID}.scope /sys/fs/cgroup/systemd ro - cgroup cgroup rw`,
      ),
      { id: ID },
    ],
    [
      'a host',
      '26 29 0:5 / /dev rw,nosuid shared:2 - devtmpfs udev rw\n29 1 8:2 / / rw - ext4 /dev/sda2 rw\n',
      {},
    ],
    [
      'a host with containers',
      `900 29 0:90 / /var/lib/docker/overlay2/${ID}/merged rw - overlay overlay rw\n`,
      {},
    ],
    ['nothing', '', {}],
  ])('%s', (_name, text, container) => {
    expect(readMounts(text)).toEqual(container);
  });
});

describe('a process', () => {
  const mounts = `1 2 8:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n`;

  function detect(cgroup: string | undefined) {
    const read: string[] = [];
    const container = detectContainer((path) => {
      read.push(path);
      return path.endsWith('cgroup') ? cgroup : mounts;
    });
    return { container, read };
  }

  it.each([
    ['0::/\n', { id: ID }],
    ['0::/../..\n', { id: ID }],
    ['12:pids:/\n11:memory:/\n0::/\n', { id: ID }],
  ])('that sees its group as the root (%j) looks at its mounts', (cgroup, container) => {
    expect(detect(cgroup).container).toEqual(container);
  });

  it.each([undefined, '', '0::/system.slice/x.service\n', '12:pids:/\n0::/init.scope\n'])(
    'of the group %j does not: a host may have thousands',
    (cgroup) => {
      expect(detect(cgroup)).toEqual({ container: {}, read: ['/proc/self/cgroup'] });
    },
  );
});

it('whatever stands there, nothing is thrown, and what is found was there', () => {
  const part = fc.constantFrom(
    ID,
    UID,
    '/',
    ':',
    'pod',
    '.scope',
    'docker-',
    '\n',
    '0::',
    '/pods/',
    '/containers/',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      for (const { id, podUid } of [readGroups(text), readMounts(text)]) {
        expect([ID, undefined]).toContain(id);
        expect([UID, undefined]).toContain(podUid);
      }
    }),
  );
});
