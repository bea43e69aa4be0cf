/** What a process says of itself to a collector. */
import type { Logger } from "./logger.ts";
import { readPairs } from "./otel_pairs.ts";
import { VERSION } from "./version.ts";

/** Its attributes; OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME come before its own. @param read reads the environment */
export function resourceOf(
  service: string,
  instance: string,
  read: (name: string) => string | undefined,
  log: Logger,
): Record<string, string> {
  const name = read("OTEL_SERVICE_NAME");
  return {
    "service.name": service,
    "service.instance.id": instance,
    "service.version": VERSION,
    ...given(read("OTEL_RESOURCE_ATTRIBUTES") ?? "", log),
    ...(name && { "service.name": name }),
  };
}

/** As the specification wants it, of a list with a mistake nothing is taken. */
function given(list: string, log: Logger): Record<string, string> {
  try {
    return readPairs(list);
  } catch (error) {
    log.warn("OTEL_RESOURCE_ATTRIBUTES is left out", { error });
    return {};
  }
}
