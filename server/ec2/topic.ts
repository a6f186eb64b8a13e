import type { Context } from "../kit/context.ts";

const ARN = /^arn:aws:sns:([a-z0-9-]+):(\d{12}):((?=.{1,256}$)[A-Za-z0-9_-]+(?:\.fifo)?)$/;

/** What the ARN of an SNS topic tells; undefined for what is none. */
export function topicOf(
  arn: string,
): { readonly region: string; readonly account: string; readonly name: string } | undefined {
  const [, region = "", account = "", name] = ARN.exec(arn) ?? [];
  return name === undefined ? undefined : { region, account, name };
}

/** As long as the name of a folder can be. */
const MOST_LETTERS = 255;

/**
 * Tells a topic something, though there is no SNS that would carry it on: the notification goes to a bucket, one for all
 * topics of an account in a region, as SNS would send it to who has subscribed, but without a signature.
 *
 * @see https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html
 */
export function publish(
  { world, chance, now }: Context,
  arn: string,
  subject: string,
  message: object,
): void {
  const topic = topicOf(arn);
  if (!topic) throw new RangeError(`a message to ${arn}`);
  const MessageId = chance.uuid();
  const Timestamp = new Date(now).toISOString();
  const notification = {
    Type: "Notification",
    MessageId,
    TopicArn: arn,
    Subject: subject,
    Message: JSON.stringify(message),
    Timestamp,
  };
  const key = `${topic.name.slice(0, MOST_LETTERS)}/${Timestamp.replaceAll(":", "-")}-${MessageId}.json`;
  const bytes = Buffer.from(JSON.stringify(notification));
  world.objects.put(`sns-${topic.account}-${topic.region}`, key, bytes, topic.account);
}
