using System.Buffers;
using RroDashboard.Core.Metrics;

namespace RroDashboard.Core.Tests.Metrics;

public sealed class TensorBoardRecordsTests
{
    [Fact]
    public void Write_HeaderAndScalars_AreReadBackByTheRulesOfTheFormat()
    {
        var file = new ArrayBufferWriter<byte>();
        TensorBoardRecords.WriteHeader(file, 1764000000.25);
        TensorBoardRecords.WriteScalar(file, 1764000001.5, 0, "sft/loss", 2.25);
        TensorBoardRecords.WriteScalar(file, 1764000002.5, 300, "größe <b>", -0.1);

        var events = TensorBoardFile.Read(file.WrittenSpan.ToArray());

        Assert.Equal(3, events.Count);
        Assert.Equal((1764000000.25, "brain.Event:2"), (events[0].WallTime, events[0].Version));
        Assert.Equal((1764000001.5, 0, "sft/loss", 2.25f), (events[1].WallTime, events[1].Step, events[1].Tag, events[1].Value));
        Assert.Equal((300, "größe <b>", -0.1f), (events[2].Step, events[2].Tag, events[2].Value));
    }

    [Theory]
    // RFC 3720, B.4: 32 bytes of zeros, of ones, and 0 to 31.
    [InlineData(0x8a9136aau, "00")]
    [InlineData(0x62a8ab43u, "FF")]
    [InlineData(0x46dd794eu, "up")]
    public void MaskedCrc_KnownBytes_HasTheKnownChecksum(uint crc, string bytes)
    {
        byte[] input = [.. Enumerable.Range(0, 32).Select(i => bytes == "up" ? (byte)i : Convert.ToByte(bytes, 16))];

        Assert.Equal(crc, TensorBoardFile.Unmask(TensorBoardRecords.MaskedCrc(input)));
        Assert.Equal(crc, TensorBoardFile.SlowCrc(input));
    }
}
