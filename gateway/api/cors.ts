/**
 * Pages of other origins: browsers let them call only where their exact origin is listed, and never with a cookie, so a
 * page can do what the API key that it was given can do, and nothing in somebody's name.
 */

type Door = (request: Request, address: string) => Promise<Response>;

const METHODS = "GET, HEAD, PUT, POST, PATCH, DELETE";
/** How long a browser believes an answer to its question, in seconds. */
const BELIEVED = "600";
const NAMES = /^[\w-]+( *, *[\w-]+)*$/;

/** Puts what browsers want to know before a door. */
export function allowOrigins(origins: readonly string[], door: Door): Door {
  if (origins.length === 0) return door;
  return async (request, address) => {
    const origin = request.headers.get("origin");
    if (origin === null || !origins.includes(origin)) return vary(await door(request, address));
    const isQuestion = request.method === "OPTIONS" && request.headers.has("access-control-request-method");
    const response = isQuestion ? answer(request) : await door(request, address);
    response.headers.set("access-control-allow-origin", origin);
    response.headers.set("access-control-expose-headers", "*");
    return vary(response);
  };
}

/** What a page may send: any headers, as it also could without a browser. */
function answer({ headers }: Request): Response {
  const asked = headers.get("access-control-request-headers") ?? "";
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": METHODS,
      "access-control-max-age": BELIEVED,
      ...(NAMES.test(asked) ? { "access-control-allow-headers": asked } : {}),
    },
  });
}

/** The answer differs by who asks: a cache must not mix them up. */
function vary(response: Response): Response {
  response.headers.append("vary", "origin");
  return response;
}
