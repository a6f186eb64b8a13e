#!/bin/sh
# What policies.mjs shows, with the AWS CLI and a profile for each who calls: operator, launcher, and auditor, which is a
# role that the launcher's profile assumes by its external id. With a server running:
#
#   npx islet exec -- sh examples/policies/profiles.sh
set -eu
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
document() { sed "s/ACCOUNT/$account/" "$1.json" > "$folder/$1.json" && echo "file://$folder/$1.json"; }

account=$(aws sts get-caller-identity --query Account --output text)
image=$(aws ec2 describe-images --owners amazon --filters 'Name=name,Values=al2023-ami-2023*-x86_64' \
  --query 'Images[0].ImageId' --output text)
launch() { # TYPE TEAM, as the profile that follows, if one does
  type=$1 team=$2; shift 2
  aws ec2 run-instances --image-id "$image" --instance-type "$type" --query 'Instances[0].InstanceId' --output text \
    ${team:+--tag-specifications "ResourceType=instance,Tags=[{Key=team,Value=$team}]"} "$@"
}
blue=$(launch t3.micro blue)
red=$(launch t3.micro red)
aws ec2 wait instance-running --instance-ids "$blue" "$red"

# The users, and a key for each in a file of profiles.
for name in operator launcher; do
  aws iam create-user --user-name "$name" > "$folder/made"
  aws iam put-user-policy --user-name "$name" --policy-name "$name" --policy-document "$(document "$name")"
  aws iam create-access-key --user-name "$name" --output text \
    --query 'AccessKey.[AccessKeyId,SecretAccessKey]' > "$folder/key"
  read -r id secret < "$folder/key"
  printf '[profile %s]\nregion = us-east-1\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
    "$name" "$id" "$secret" >> "$folder/config"
done
aws iam create-role --role-name auditor --assume-role-policy-document "$(document auditor-trust)" > "$folder/made"
aws iam put-role-policy --role-name auditor --policy-name auditor --policy-document "$(document auditor)"
for id in contract-4711 contract-4712; do
  printf '[profile auditor-%s]\nregion = us-east-1\nrole_arn = arn:aws:iam::%s:role/auditor\n' "$id" "$account"
  printf 'source_profile = launcher\nexternal_id = %s\n' "$id"
done >> "$folder/config"
export AWS_CONFIG_FILE="$folder/config"
# The CLI keeps credentials of roles below this; the next run, on another server, is not to find them.
export HOME="$folder"

works() { # WHAT COMMAND…
  what=$1; shift
  "$@" > "$folder/answer"
  echo "  yes: $what"
}
fails() { # WHAT COMMAND…
  what=$1; shift
  if "$@" > "$folder/answer" 2> "$folder/error"; then echo "  NOT REFUSED: $what"; exit 1; fi
  echo "  no:  $what"
  sed -n 's/\. Encoded authorization failure message.*//; s/^.*An error occurred/       &/p' "$folder/error" | cut -c 1-240
}

echo "An operator may only start and stop $blue, which is tagged team=blue, and not $red"
works "stops the blue one" aws ec2 stop-instances --instance-ids "$blue" --profile operator
aws ec2 wait instance-stopped --instance-ids "$blue" --profile operator
works "starts it again" aws ec2 start-instances --instance-ids "$blue" --profile operator
fails "stops the red one" aws ec2 stop-instances --instance-ids "$red" --profile operator
fails "terminates the blue one" aws ec2 terminate-instances --instance-ids "$blue" --profile operator

echo "A launcher may only launch t3 types, and only with a team"
works "launches a t3.small of team green" launch t3.small green --profile launcher
fails "launches a t3.small" launch t3.small "" --profile launcher
fails "launches an m5.large of team green" launch m5.large green --profile launcher
message=$(sed -n 's/.*failure message: //p' "$folder/error")

echo "The role of an auditor is assumed by its external id, and may open what was sealed into a refusal"
fails "the launcher opens it" aws sts decode-authorization-message --encoded-message "$message" --profile launcher
fails "who assumes the role with contract-4712" aws sts get-caller-identity --profile auditor-contract-4712
works "who assumes the role with contract-4711" aws sts get-caller-identity --profile auditor-contract-4711
works "the auditor opens it" aws sts decode-authorization-message --encoded-message "$message" \
  --query DecodedMessage --output text --profile auditor-contract-4711
tr ',' '\n' < "$folder/answer" | sed -n 's/.*"key":"ec2:InstanceType".*/       what was asked for:/p; s/.*"value":"\(m5[^"]*\)".*/       \1/p'
