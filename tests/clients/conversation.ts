/** What a client of Connect does with a gateway: the same in a browser and in Node. Bundled for each by the tests. */
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { FileService } from "../../shared/gen/sixfold/v1/files_pb.ts";

/** Lists, reads and deletes the files of a bucket. @returns what it saw, as text for a test to compare */
export async function converse(transport: Transport, bucket: string): Promise<string> {
  const files = createClient(FileService, transport);
  const seen: string[] = [];
  const list = async () => (await files.listFiles({ bucket })).files.map(({ key }) => key);
  for (const key of await list()) {
    let length = 0;
    let sum = 0;
    for await (const { part } of files.download({ bucket, key })) {
      if (part.case !== "data") continue;
      length += part.value.length;
      for (const byte of part.value) sum = (sum + byte) % 65_521;
    }
    seen.push(`${key} ${length} ${sum}`);
    await files.deleteFile({ bucket, key });
    const gone = await files.getFile({ bucket, key }).then(() => "there", (error) => ConnectError.from(error).code);
    seen.push(`${key} ${gone === Code.NotFound ? "gone" : gone}`);
  }
  return [...seen, `left ${(await list()).length}`].join("\n");
}
