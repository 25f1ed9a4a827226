using System.Buffers.Binary;
using System.Diagnostics;
using RroDashboard.Training.Checkpoints;
using RroDashboard.Training.Tests.Model;

namespace RroDashboard.Training.Tests.Checkpoints;

public sealed class HostileWeightsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rro-weights-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("""{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}""", 12, "an overlap of 4 bytes")]
    [InlineData("""{"a": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}""", 12, "a hole of 4 bytes")]
    [InlineData("""{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}""", 12, "4 bytes after its last tensor belong to nothing")]
    [InlineData("""{"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}""", 12, "lies at 0 to 16, but the file has 12 bytes of data")]
    [InlineData("""{"a": {"dtype": "F32", "shape": [3], "data_offsets": [12, 0]}}""", 12, "lies at 12 to 0")]
    [InlineData("""{"a": {"dtype": "F32", "shape": [3], "data_offsets": [-12, 0]}}""", 12, "must be a number of bytes")]
    [InlineData("""{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 9223372036854775807]}}""", 12, "but the file has 12 bytes of data")]
    [InlineData("""{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 12]}}""", 12, "has 12 bytes, but its shape [2] of F32 needs 8")]
    [InlineData("""{"a": {"dtype": "F32", "shape": [2147483647, 2147483647, 2147483647], "data_offsets": [0, 12]}}""", 12, "which no file can hold")]
    [InlineData("""{"a": {"dtype": "F32", "shape": [1,1,1,1,1,1,1,1,3], "data_offsets": [0, 12]}}""", 12, "has 9 items; at most 8 are allowed")]
    [InlineData("""{"a": {"dtype": "I8", "shape": [12], "data_offsets": [0, 12]}}""", 12, "has the type I8; F32, F16 and BF16 can be read")]
    [InlineData("""{"a": {"dtype": "F32", "shape": [3]}}""", 12, "data_offsets is missing")]
    [InlineData("""{"a": 1}""", 12, "must be an object, but is 1")]
    [InlineData("[1]", 0, "must be an object, but is an array")]
    [InlineData("""{"\ud800": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}""", 12, "has a name that is not valid Unicode")]
    [InlineData("{{{", 0, "its header is not JSON")]
    [InlineData("[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]", 0, "its header is not JSON")]
    [InlineData("""{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "a": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}""", 12, "has the tensor 'a' for the second time")]
    public void Open_DamagedHeader_SaysWhat(string header, int bytes, string sentence) =>
        Assert.Contains(sentence, Refusal(ReferenceCheckpoint.File_(header, new byte[bytes])), StringComparison.Ordinal);

    [Theory]
    [InlineData(0x8000000000000000, "it claims a header of 9223372036854775808 bytes; at most 100000000 are allowed")]
    [InlineData(0xFFFFFFFFFFFFFFFF, "it claims a header of 18446744073709551615 bytes")]
    [InlineData(99_000_000, "is cut short: its header has 99000000 bytes, the file 12")]
    [InlineData(0, "it claims a header of 0 bytes")]
    public void Open_HugeHeader_IsRefusedAtOnceAndWithoutMemory(ulong size, string sentence)
    {
        var bytes = new byte[12];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, size);
        var (clock, before) = (Stopwatch.StartNew(), GC.GetAllocatedBytesForCurrentThread());
        Assert.Contains(sentence, Refusal(bytes), StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void Open_NoFileOrFewBytes_SaysSo()
    {
        Assert.Contains("has neither model.safetensors nor model.safetensors.index.json", Assert.Throws<InvalidDataException>(() => SafetensorsFolder.Open(_folder)).Message, StringComparison.Ordinal);
        Assert.Contains("is no safetensors file: it has 3 bytes", Refusal([1, 2, 3]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("model.PT")]
    [InlineData("adapter_model.bin")]
    [InlineData("consolidated.00.pth")]
    [InlineData("last.ckpt")]
    [InlineData("weights.pkl")]
    public void Open_Pickle_IsNeverReadAndSaysWhy(string name)
    {
        // A pickle of os.system, as an attacker would publish it: it would leave a file behind.
        var trace = Path.Combine(_folder, "ran");
        File.WriteAllText(Path.Combine(_folder, name), $"cos\nsystem\n(S'touch {trace}'\ntR.");

        var whole = Assert.Throws<InvalidDataException>(() => SafetensorsFolder.Open(_folder)).Message;
        var single = Assert.Throws<InvalidDataException>(() => SafetensorsFolder.OpenFile(Path.Combine(_folder, "adapter_model.safetensors"))).Message;
        // By its own name, too: what is in a file decides, not what it is called.
        var named = Assert.Throws<InvalidDataException>(() => SafetensorsFolder.OpenFile(Path.Combine(_folder, name))).Message;

        Assert.All([whole, single], m => Assert.Contains($"{name}' is a Python pickle, which runs code when it is read", m, StringComparison.Ordinal));
        Assert.Contains("it claims a header of", named, StringComparison.Ordinal);
        Assert.False(File.Exists(trace));
    }

    [Fact]
    public void Open_IndexThatNamesAPickle_IsRefused()
    {
        File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), """{"weight_map": {"a": "pytorch_model.bin"}}""");
        File.WriteAllText(Path.Combine(_folder, "pytorch_model.bin"), "cos\nsystem\n(S'true'\ntR.");

        Assert.Contains("pytorch_model.bin", Assert.Throws<InvalidDataException>(() => SafetensorsFolder.Open(_folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Read_WeightThatIsNoNumber_NamesTheTensor(float bad)
    {
        File.WriteAllBytes(Path.Combine(_folder, "model.safetensors"), ReferenceCheckpoint.File_([("good", [2], [1f, 2f]), ("bad", [2], [1f, bad])]));
        using var weights = SafetensorsFolder.Open(_folder);
        Assert.Equal([1f, 2f], weights.Read("good"));
        Assert.Contains("Tensor 'bad' holds", Assert.Throws<InvalidDataException>(() => weights.Read("bad")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FileCutShortMeanwhile_IsAnErrorAndNotTheEndOfTheProcess()
    {
        var path = Path.Combine(_folder, "model.safetensors");
        File.WriteAllBytes(path, ReferenceCheckpoint.File_([("a", [100_000], new float[100_000])]));
        using var weights = SafetensorsFolder.Open(_folder);
        // By another process: .NET's own lock on the file does not bind it.
        using (var truncate = Process.Start("truncate", ["-s", "1000", path]))
        {
            truncate.WaitForExit();
            Assert.Equal(0, truncate.ExitCode);
        }

        Assert.Contains("has become shorter", Assert.Throws<InvalidDataException>(() => weights.Read("a")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"weight_map": {"a": "../model-1.safetensors"}}""", "which is not the name of a .safetensors file beside it")]
    [InlineData("""{"weight_map": {"a": "/etc/passwd"}}""", "which is not the name of a .safetensors file beside it")]
    [InlineData("""{"weight_map": {"a": "model-2.safetensors"}}""", "names 'model-2.safetensors', which is missing")]
    [InlineData("""{"weight_map": {"a": "model-1.safetensors", "b": "model-1.safetensors"}}""", "lacks the tensor 'b' that the index places there")]
    [InlineData("""{"weight_map": {"c": "model-1.safetensors"}}""", "has the tensor 'a', which the index does not place there")]
    [InlineData("""{"weight_map": []}""", "weight_map must be an object, but is an array")]
    [InlineData("{}", "weight_map is missing")]
    public void Open_WrongIndex_SaysWhat(string index, string sentence)
    {
        File.WriteAllBytes(Path.Combine(_folder, "model-1.safetensors"), ReferenceCheckpoint.File_([("a", [1], [1f])]));
        File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), index);
        Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => SafetensorsFolder.Open(_folder)).Message, StringComparison.Ordinal);
    }

    private string Refusal(byte[] file)
    {
        File.WriteAllBytes(Path.Combine(_folder, "model.safetensors"), file);
        return Assert.Throws<InvalidDataException>(() => SafetensorsFolder.Open(_folder)).Message;
    }
}
