/**
 * Sixfold's client for browsers, Node, Bun and Deno.
 * @module
 */
export { createClient, type KeyCalls, type SixfoldClient } from "./client.ts";
export type { ChunkPlace, Readiness, ServerInfo } from "./cluster.ts";
export type { CopyOptions, FilePlace } from "./copy.ts";
export type { DatabaseCalls, DatabaseState, DiskComparison } from "./database.ts";
export { Download, type DownloadOptions } from "./download.ts";
export type { Answer, AnswerBody, CallOptions, Fetch, GatewayOptions } from "./gateways.ts";
export type { KeyInfo, KeyOptions } from "./keys.ts";
export type { ListEntry, ListOptions } from "./list.ts";
export type { Change, MoveCalls, MovePlan, PlannedChange } from "./moves.ts";
export type { Repair, RepairCalls, RepairState } from "./repairs.ts";
export { type LinkOptions, signLink } from "./sign_link.ts";
export type { StoredFile } from "./stored_file.ts";
export { type ErrorCode, type ErrorDetail, SixfoldError } from "../shared/errors.ts";
export { folderStore, type ResumeStore } from "./resume_store.ts";
export type { TraceEvent, TraceSpan } from "./trace.ts";
export type { UploadSource } from "./source.ts";
export type { UploadOptions, UploadProgress } from "./upload.ts";
export { Upload } from "./upload_handle.ts";
export type { Beat } from "./watch.ts";
