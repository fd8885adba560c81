import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';

/**
 * Not global unicast, per the IANA special-purpose registries:
 * https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const SPECIAL_IPV4 = [
  ...[
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
  ],
  ...[
    '192.0.2.0/24',
    '192.31.196.0/24',
    '192.52.193.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '192.175.48.0/24',
  ],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
];
/**
 * Inside 2000::/3, the only block ever allowed: Teredo and its neighbours, documentation, 6to4, direct
 * delegation.
 */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'];

/**
 * Where a webhook may go: `permits` is asked for each literal, each DNS answer and the address connected to.
 */
export type Guard = {
  permits(address: string, protocol: string): boolean;
  connector: buildConnector.connector;
};

export class AddressRefused extends Error {
  constructor() {
    super('the endpoint is not at a public https address');
    this.name = 'AddressRefused';
  }
}

/** `allow`: addresses or CIDR ranges reachable besides public ones, over plain http too (WEBHOOK_ALLOW). */
export function guardAddresses(allow: string[]): Guard {
  const allowed = blockList(allow);
  const special = blockList([...SPECIAL_IPV4, ...SPECIAL_IPV6]);
  const global = blockList(['2000::/3']);
  const permits = (address: string, protocol: string): boolean => {
    const plain = unmap(address);
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(plain) === 0) return false;
    if (allowed.check(plain, family)) return true;
    if (protocol !== 'https:' || special.check(plain, family)) return false;
    return family === 'ipv4' || global.check(plain, family);
  };
  return { permits, connector: guardConnector(permits) };
}

function guardConnector(permits: Guard['permits']): buildConnector.connector {
  const connectors = {
    'https:': buildConnector({ lookup: guardLookup(permits, 'https:'), timeout: 10_000 }),
  };
  const plain = buildConnector({ lookup: guardLookup(permits, 'http:'), timeout: 10_000 });
  return (options, callback) => {
    const { protocol } = options;
    const host = bare(options.hostname);
    // A lookup hook never sees literals, so they are looked at here.
    if (isIP(host) !== 0 && !permits(host, protocol)) return callback(new AddressRefused(), null);
    const connect = protocol === 'https:' ? connectors['https:'] : plain;
    connect(options, (...result) => {
      const [, socket] = result;
      if (!socket || permits(socket.remoteAddress ?? '', protocol)) return callback(...result);
      socket.destroy();
      callback(new AddressRefused(), null);
    });
  };
}

/** Every answer must be permitted: one private address among public ones is an attack, not a choice. */
export function guardLookup(permits: Guard['permits'], protocol: string, resolver = resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolver(hostname, { ...options, all: true }, (error, addresses) => {
      const first = addresses?.[0];
      if (error || !first) return callback(error ?? new AddressRefused(), '');
      if (!addresses.every(({ address }) => permits(address, protocol)))
        return callback(new AddressRefused(), '');
      if (options.all) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

const bare = (hostname: string) => hostname.replace(/^\[(.*)\]$/, '$1');

/** `::ffff:127.0.0.1` and `::ffff:7f00:1` are 127.0.0.1: checked as what they reach. */
function unmap(address: string): string {
  if (isIP(address) !== 6) return address;
  const mapped = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(
    new URL(`http://[${address.split('%')[0]}]`).hostname,
  );
  if (!mapped) return address;
  const bits = (Number.parseInt(mapped[1] ?? '', 16) << 16) | Number.parseInt(mapped[2] ?? '', 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

function blockList(ranges: string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const [family, most] = isIP(address) === 6 ? (['ipv6', 128] as const) : (['ipv4', 32] as const);
    const size = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (isIP(address) === 0 || !(size <= most))
      throw new Error(`WEBHOOK_ALLOW: "${range}" is no address or CIDR range`);
    list.addSubnet(address, size, family);
  }
  return list;
}
