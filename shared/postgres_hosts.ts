/** Addresses of PostgreSQL that name several hosts. */

/**
 * One address per host, without what only tells them apart: of several hosts the one that takes writes is meant.
 * @throws TypeError for what is no `postgres://user:password@host:port,host:port/database`
 */
export function hostsOf(url: string): string[] {
  const [, head, hosts = "", rest = ""] = /^(postgres(?:ql)?:\/\/(?:[^/?]*@)?)([^/?]*)(.*)$/.exec(url) ?? [];
  if (head === undefined) throw new TypeError("an address of PostgreSQL begins with postgres://");
  return hosts.split(",").map((host) => {
    const one = new URL(`${head}${host}${rest}`);
    one.searchParams.delete("target_session_attrs");
    return one.href;
  });
}
