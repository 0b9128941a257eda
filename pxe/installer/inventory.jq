# stdin: lines of disks.sh's describe. Arguments: uuid, macs (lines), firmware, memoryMiB, cpus.
def text: if . == "" then null else . end;
{
  uuid: ($uuid | text),
  macs: ($macs | split("\n") | map(select(test("^[0-9a-f]{2}(:[0-9a-f]{2}){5}$"))) | unique | .[:32]),
  firmware: $firmware,
  memoryMiB: ($memoryMiB | tonumber),
  cpus: ($cpus | tonumber),
  disks: (split("\n") | map(select(. != "") | split("\t") | {
    device: .[0],
    serial: (.[1] | text),
    wwn: (.[2] | text),
    bytes: (.[3] | tonumber),
    removable: (.[4] == "1"),
    blank: (.[5] == "1"),
    guid: (.[6] | text),
    signatures: (.[7] | split(",") | map(select(. != "")))
  }) | .[:64])
}
