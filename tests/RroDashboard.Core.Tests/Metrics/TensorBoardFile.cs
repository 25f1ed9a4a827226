using System.Buffers.Binary;
using System.Text;

namespace RroDashboard.Core.Tests.Metrics;

/// <summary>A reader written from the rules of the formats alone: TFRecord framing, CRC-32C bit by bit, protobuf field by field. Linked into other test projects.</summary>
internal static class TensorBoardFile
{
    internal sealed record Event(double WallTime, long Step, string Version, string Tag, float Value);

    internal static List<Event> Read(byte[] file)
    {
        var events = new List<Event>();
        for (var at = 0; at < file.Length;)
        {
            var header = file.AsSpan(at, 8);
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(header);
            Assert.Equal(SlowCrc(header), Unmask(BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8))));
            var payload = file.AsSpan(at + 12, length);
            Assert.Equal(SlowCrc(payload), Unmask(BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length))));
            events.Add(ReadEvent(payload));
            at += 16 + length;
        }

        return events;
    }

    private static Event ReadEvent(ReadOnlySpan<byte> payload)
    {
        var read = new Event(0, 0, "", "", 0);
        while (payload.Length > 0)
        {
            var (field, type) = ReadKey(ref payload);
            switch (field, type)
            {
                case (1, 1):
                    read = read with { WallTime = BinaryPrimitives.ReadDoubleLittleEndian(payload) };
                    payload = payload[8..];
                    break;
                case (2, 0):
                    read = read with { Step = (long)ReadVarint(ref payload) };
                    break;
                case (3, 2):
                    read = read with { Version = Encoding.UTF8.GetString(ReadBytes(ref payload)) };
                    break;
                case (5, 2):
                    var summary = ReadBytes(ref payload);
                    Assert.Equal((1, 2), ReadKey(ref summary));
                    var value = ReadBytes(ref summary);
                    Assert.Equal((1, 2), ReadKey(ref value));
                    var tag = Encoding.UTF8.GetString(ReadBytes(ref value));
                    Assert.Equal((2, 5), ReadKey(ref value));
                    read = read with { Tag = tag, Value = BinaryPrimitives.ReadSingleLittleEndian(value) };
                    Assert.Equal(4, value.Length);
                    break;
                default:
                    Assert.Fail($"Field {field} of type {type} is not part of the format.");
                    break;
            }
        }

        return read;
    }

    private static (int Field, int Type) ReadKey(ref ReadOnlySpan<byte> bytes)
    {
        var key = ReadVarint(ref bytes);
        return ((int)(key >> 3), (int)(key & 7));
    }

    private static ReadOnlySpan<byte> ReadBytes(ref ReadOnlySpan<byte> bytes)
    {
        var length = (int)ReadVarint(ref bytes);
        var read = bytes[..length];
        bytes = bytes[length..];
        return read;
    }

    private static ulong ReadVarint(ref ReadOnlySpan<byte> bytes)
    {
        var (number, shift) = (0UL, 0);
        while (true)
        {
            var next = bytes[0];
            bytes = bytes[1..];
            number |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return number;
            }

            shift += 7;
        }
    }

    internal static uint Unmask(uint masked)
    {
        var rotated = masked - 0xa282ead8;
        return (rotated >> 17) | (rotated << 15);
    }

    // Polynomial 0x1EDC6F41, reflected, one bit at a time.
    internal static uint SlowCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xffffffffu;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
            }
        }

        return ~crc;
    }
}
