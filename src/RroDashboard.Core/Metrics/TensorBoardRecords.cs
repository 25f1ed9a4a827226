using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace RroDashboard.Core.Metrics;

/// <summary>
/// Records of a TensorBoard event file. A record is framed as TFRecord: length (8 bytes, little-endian), masked CRC-32C of the length, payload, masked
/// CRC-32C of the payload. The payload is a protobuf <c>Event</c>: wall_time = 1 (double), step = 2 (varint), file_version = 3 (string) or summary = 5,
/// whose value = 1 has tag = 1 (string) and simple_value = 2 (float).
/// </summary>
public static class TensorBoardRecords
{
    /// <summary>What the first record of a file has to say.</summary>
    public const string FileVersion = "brain.Event:2";

    private const uint Mask = 0xa282ead8;

    // Field number and wire type of protobuf: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
    private const byte WallTime = (1 << 3) | 1;
    private const byte Step = (2 << 3) | 0;
    private const byte Version = (3 << 3) | 2;
    private const byte Summary = (5 << 3) | 2;
    private const byte SummaryValue = (1 << 3) | 2;
    private const byte Tag = (1 << 3) | 2;
    private const byte SimpleValue = (2 << 3) | 5;

    /// <summary>Writes the record that a file begins with.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="wallTime">Unix seconds.</param>
    public static void WriteHeader(IBufferWriter<byte> target, double wallTime)
    {
        var payload = Begin(wallTime);
        payload.Write([Version]);
        WriteText(payload, Encoding.ASCII.GetBytes(FileVersion));
        WriteRecord(target, payload.WrittenSpan);
    }

    /// <summary>Writes one number of one series.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="wallTime">Unix seconds.</param>
    /// <param name="step">Update, or whatever the series counts.</param>
    /// <param name="tag">Name of the series.</param>
    /// <param name="value">The number; the format keeps 32 bits of it.</param>
    public static void WriteScalar(IBufferWriter<byte> target, double wallTime, long step, string tag, double value)
    {
        var entry = new ArrayBufferWriter<byte>();
        entry.Write([Tag]);
        WriteText(entry, Encoding.UTF8.GetBytes(tag));
        entry.Write([SimpleValue]);
        BinaryPrimitives.WriteSingleLittleEndian(entry.GetSpan(sizeof(float)), (float)value);
        entry.Advance(sizeof(float));

        var summary = new ArrayBufferWriter<byte>();
        summary.Write([SummaryValue]);
        WriteText(summary, entry.WrittenSpan);

        var payload = Begin(wallTime);
        payload.Write([Step]);
        WriteVarint(payload, (ulong)step);
        payload.Write([Summary]);
        WriteText(payload, summary.WrittenSpan);
        WriteRecord(target, payload.WrittenSpan);
    }

    /// <summary>CRC-32C, rotated and shifted as the format wants it, so that a checksum of checksums stays a checksum.</summary>
    public static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return BitOperations.RotateRight(~crc, 15) + Mask;
    }

    private static ArrayBufferWriter<byte> Begin(double wallTime)
    {
        var payload = new ArrayBufferWriter<byte>();
        payload.Write([WallTime]);
        BinaryPrimitives.WriteDoubleLittleEndian(payload.GetSpan(sizeof(double)), wallTime);
        payload.Advance(sizeof(double));
        return payload;
    }

    private static void WriteRecord(IBufferWriter<byte> target, ReadOnlySpan<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(target);
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)payload.Length);
        target.Write(length);
        WriteCrc(target, length);
        target.Write(payload);
        WriteCrc(target, payload);
    }

    private static void WriteCrc(IBufferWriter<byte> target, ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target.GetSpan(sizeof(uint)), MaskedCrc(bytes));
        target.Advance(sizeof(uint));
    }

    private static void WriteText(ArrayBufferWriter<byte> target, ReadOnlySpan<byte> bytes)
    {
        WriteVarint(target, (ulong)bytes.Length);
        target.Write(bytes);
    }

    private static void WriteVarint(ArrayBufferWriter<byte> target, ulong number)
    {
        while (number >= 0x80)
        {
            target.Write([(byte)(number | 0x80)]);
            number >>= 7;
        }

        target.Write([(byte)number]);
    }
}
