// Archives, parts and jobs through the AWS SDK for JavaScript, from an environment that names endpoint and keys.
// Prints one JSON object of what was answered; the test that runs it says what is right.
"use strict";

const { createHash } = require("node:crypto");
const { createReadStream, writeFileSync } = require("node:fs");
const glacier = require("@aws-sdk/client-glacier");

const MIB = 1024 * 1024;
const vaultName = "astrodata";
const client = new glacier.GlacierClient({});

/** Call an operation on the vault. */
const send = (name, input = {}) => client.send(new glacier[`${name}Command`]({ accountId: "-", vaultName, ...input }));

/** MiB number i is filled with the byte i; the last is cut short. */
function pattern(size) {
  const data = Buffer.alloc(size);
  for (let start = 0; start < size; start += MIB) data.fill(start / MIB, start, Math.min(start + MIB, size));
  return data;
}

/** The SHA-256 tree hash, as the Glacier guide tells it. */
function treeHash(data) {
  const hash = (bytes) => createHash("sha256").update(bytes).digest();
  let level = [];
  for (let start = 0; start < data.length; start += MIB) level.push(hash(data.subarray(start, start + MIB)));
  while (level.length > 1) {
    const next = [];
    for (let i = 0; i < level.length; i += 2) {
      next.push(i + 1 < level.length ? hash(Buffer.concat([level[i], level[i + 1]])) : level[i]);
    }
    level = next;
  }
  return level[0].toString("hex");
}

/** The bytes of a job's output. */
const bytesOf = async (output) => Buffer.from(await output.body.transformToByteArray());

/** How a call is refused that may not succeed. */
async function refusal(name, input) {
  try {
    await send(name, input);
  } catch (error) {
    return { name: error.name, message: error.message, status: error.$metadata.httpStatusCode };
  }
  throw new Error(`${name} was not refused`);
}

async function archives(data) {
  writeFileSync("frames.zip", data);
  const uploads = {
    plain: await send("UploadArchive", { body: data, archiveDescription: "from a buffer" }),
    checked: await send("UploadArchive", { body: data, checksum: treeHash(data) }),
    streamed: await send("UploadArchive", { body: createReadStream("frames.zip") }),
  };
  return Object.fromEntries(Object.entries(uploads).map(([kind, { archiveId, checksum }]) => [kind, { archiveId, checksum }]));
}

async function multipart(data) {
  const { uploadId } = await send("InitiateMultipartUpload", { partSize: String(MIB), archiveDescription: "in parts" });
  for (let start = 0; start < data.length; start += MIB) {
    const body = data.subarray(start, start + MIB);
    await send("UploadMultipartPart", { uploadId, body, range: `bytes ${start}-${start + body.length - 1}/*` });
  }
  const listed = await send("ListParts", { uploadId });
  const whole = { uploadId, archiveSize: String(data.length), checksum: treeHash(data) };
  const { archiveId } = await send("CompleteMultipartUpload", whole);
  const given = await send("InitiateMultipartUpload", { partSize: String(MIB) });
  await send("AbortMultipartUpload", { uploadId: given.uploadId });
  const open = await send("ListMultipartUploads");
  return { archiveId, parts: listed.Parts, open: open.UploadsList.length };
}

async function retrieval(archiveId, data) {
  const jobParameters = { Type: "archive-retrieval", ArchiveId: archiveId, Description: "frames.zip", Tier: "Bulk" };
  const { jobId } = await send("InitiateJob", { jobParameters });
  const job = await send("DescribeJob", { jobId });
  const whole = await send("GetJobOutput", { jobId });
  const piece = await send("GetJobOutput", { jobId, range: `bytes=${MIB}-${2 * MIB - 1}` });
  return {
    status: job.StatusCode,
    description: job.JobDescription,
    whole: { status: whole.status, checksum: whole.checksum, isEqual: (await bytesOf(whole)).equals(data) },
    piece: {
      status: piece.status,
      contentRange: piece.contentRange,
      checksum: piece.checksum,
      isEqual: (await bytesOf(piece)).equals(data.subarray(MIB, 2 * MIB)),
    },
  };
}

async function inventory() {
  const { jobId } = await send("InitiateJob", { jobParameters: { Type: "inventory-retrieval" } });
  const jobs = await send("ListJobs", { completed: "true" });
  const listed = JSON.parse((await bytesOf(await send("GetJobOutput", { jobId }))).toString());
  return { jobs: jobs.JobList.length, archiveIds: listed.ArchiveList.map((one) => one.ArchiveId) };
}

async function main() {
  const data = pattern(2.5 * MIB);
  await send("CreateVault");
  const vault = await send("DescribeVault");
  const uploaded = await archives(data);
  const parts = await multipart(data);
  const back = await retrieval(uploaded.plain.archiveId, data);
  await send("DeleteArchive", { archiveId: uploaded.checked.archiveId });
  const errors = {
    vault: await refusal("DescribeVault", { vaultName: "none" }),
    checksum: await refusal("UploadArchive", { body: data, checksum: "0".repeat(64) }),
    account: await refusal("ListVaults", { accountId: "123456789012" }),
  };
  console.log(JSON.stringify({ vault: vault.VaultName, uploaded, parts, back, inventory: await inventory(), errors }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
