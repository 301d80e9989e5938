/**
 * TensorBoard's event files: records of TFRecord
 * (https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details), each an Event of
 * https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto. Of npm's packages only
 * TensorFlow's own native one writes them; these few fields need neither it nor generated code.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** `length, CRC of length, data, CRC of data`, little-endian. */
export function eventRecord(event: Uint8Array): Uint8Array {
  const record = new Uint8Array(16 + event.length)
  const view = new DataView(record.buffer)
  view.setBigUint64(0, BigInt(event.length), true)
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true)
  record.set(event, 12)
  view.setUint32(12 + event.length, maskedCrc32c(event), true)
  return record
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

/** Castagnoli's polynomial, as RFC 3720 has it. */
export function crc32c(bytes: Uint8Array): number {
  let crc = ~0
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]
  return ~crc >>> 0
}

/** Masked, so that the CRC of data that holds CRCs is not degenerate. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

export interface EventTime {
  /** Seconds since 1970. */
  wallTime: number
  /** TensorBoard's level axis. */
  step: number
}

/** The first event of a file. */
export function versionEvent(time: EventTime): Uint8Array {
  return event(time, (writer) => writer.tag(3, WireType.LengthDelimited).string('brain.Event:2'))
}

/** All that files before this one say from `step` on is void: what SummaryWriter's `purge_step` writes. */
export function restartEvent(time: EventTime): Uint8Array {
  const START = 1
  return event(time, (writer) => {
    writer.tag(7, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.Varint).int32(START).join()
  })
}

/** Single precision, as the format has it. */
export function scalarsEvent(time: EventTime, scalars: Iterable<readonly [tag: string, value: number]>): Uint8Array {
  return event(time, (writer) => {
    writer.tag(5, WireType.LengthDelimited).fork()
    for (const [tag, value] of scalars) {
      writer.tag(1, WireType.LengthDelimited).fork()
      writer.tag(1, WireType.LengthDelimited).string(tag)
      writer.tag(2, WireType.Bit32).float(value).join()
    }
    writer.join()
  })
}

/** A text of the text plugin, which shows it as Markdown. */
export function textEvent(time: EventTime, tag: string, text: string): Uint8Array {
  const DT_STRING = 7
  return event(time, (writer) => {
    writer.tag(5, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).string(tag)
    // metadata { plugin_data { plugin_name } }
    writer.tag(9, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).string('text').join().join()
    // tensor { dtype, tensor_shape { dim { size: 1 } }, string_val }
    writer.tag(8, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(DT_STRING)
    writer.tag(2, WireType.LengthDelimited).fork().tag(2, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.Varint).int64(1).join().join()
    writer.tag(8, WireType.LengthDelimited).string(text).join()
    writer.join().join()
  })
}

function event({ wallTime, step }: EventTime, what: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter()
  writer.tag(1, WireType.Bit64).double(wallTime)
  writer.tag(2, WireType.Varint).int64(step)
  what(writer)
  return writer.finish()
}
