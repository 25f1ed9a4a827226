using System.Runtime.InteropServices;
using RroDashboard.Engine;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Devices by their names, and a card that is asked for where there is none.</summary>
public sealed class DeviceTests
{
    [Theory]
    [InlineData("cpu", DeviceType.CPU, -1)]
    [InlineData("cpu:0", DeviceType.CPU, 0)]
    [InlineData("cuda", DeviceType.CUDA, -1)]
    [InlineData("cuda:3", DeviceType.CUDA, 3)]
    public void Device_Description_IsRead(string description, DeviceType type, int index)
    {
        var read = device(description);

        Assert.Equal((type, index), (read.type, read.index));
        Assert.Equal(description, read.ToString());
        Assert.Equal(description, device(type, index).ToString());
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:x")]
    [InlineData("cpu:1")]
    [InlineData("cuda:1:2")]
    public void Device_NoDescription_IsOneSentence(string description) =>
        Assert.StartsWith($"'{description}' is no device: cpu, cuda and cuda:N are.", Assert.Throws<ArgumentException>(() => device(description)).Message, StringComparison.Ordinal);

    [Fact]
    public void Cuda_NoSuchCard_IsAnException()
    {
        using var scope = NewDisposeScope();
        var absent = device(DeviceType.CUDA, cuda.device_count());

        Assert.Throws<ExternalException>(() => ones(2).cuda(absent));
        Assert.Throws<ExternalException>(() => zeros(2, device: absent));
        Assert.Throws<ExternalException>(() => EngineSetup.Card(absent.index));
        Assert.Equal(2, ones(2).sum().ToSingle());
    }

    [Fact]
    public void SetDeterministic_OnAndOff_GivesTheSameSumsOnTheProcessor()
    {
        using var scope = NewDisposeScope();
        var index = tensor([0L, 1, 0, 1, 1]);
        var plain = zeros(2).index_add(0, index, tensor([1f, 2, 3, 4, 5]), 1).data<float>().ToArray();
        Assert.False(EngineSetup.SetDeterministic(true));
        try
        {
            Assert.Equal(plain, zeros(2).index_add(0, index, tensor([1f, 2, 3, 4, 5]), 1).data<float>().ToArray());
        }
        finally
        {
            Assert.True(EngineSetup.SetDeterministic(false));
        }
    }
}
