"""Does S3 operations with boto3 as it comes: a JSON request a line on standard
input, a JSON answer a line on standard output. The endpoint and the bucket are
the arguments; keys, region and authority are in the environment."""

import base64
import json
import sys

import boto3

ENDPOINT, BUCKET = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=ENDPOINT)


def put(file, key):
    s3.upload_file(file, BUCKET, key)


def get(key, file):
    s3.download_file(BUCKET, key, file)


def copy(source, target):
    s3.copy({"Bucket": BUCKET, "Key": source}, BUCKET, target)


def remove(key):
    s3.delete_object(Bucket=BUCKET, Key=key)


def part(key, off, n):
    answer = s3.get_object(Bucket=BUCKET, Key=key, Range=f"bytes={off}-{off + n - 1}")
    return base64.b64encode(answer["Body"].read()).decode()


def list_keys():
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def abort_uploads():
    for upload in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])


OPERATIONS = {f.__name__: f for f in (put, get, copy, remove, part, list_keys, abort_uploads)}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"result": OPERATIONS[request["operation"]](*request["arguments"])}
    except Exception as problem:  # whatever boto3 raises is the answer
        answer = {"error": repr(problem)}
    print(json.dumps(answer), flush=True)
