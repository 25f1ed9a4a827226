using System.Net;
using System.Net.Sockets;
using RroDashboard.Web.CommandLine;

namespace RroDashboard.Web.Tests.CommandLine;

/// <summary>What a wrong command says: one sentence on the error stream, nothing on the output, exit code 2.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rro-cli-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("There is no preset 'fast'", "train", "--preset", "fast")]
    [InlineData("There is no setting 'Explore.MaxCandidate'", "train", "--set", "Explore.MaxCandidate=5")]
    [InlineData("Explore.MaxCandidates = '0' is not allowed: it must be a whole number from 1 to 1000", "train", "--set", "Explore.MaxCandidates=0")]
    [InlineData("Seed = '-1' is not allowed", "train", "--seed", "-1")]
    [InlineData("'Explore' is not a setting: write it as Path=Value", "train", "--set", "Explore")]
    [InlineData("does not fit Model.Heads", "train", "--set", "Model.Width=97")]
    [InlineData("Environment.DataFolder is empty", "train", "--preset", "spider")]
    [InlineData("'/no/such/folder' does not exist", "train", "--preset", "spider", "--data", "/no/such/folder")]
    [InlineData("Model.Checkpoint = '/no/such/folder' is no checkpoint: name a folder with config.json", "train", "--set", "Model.Checkpoint=/no/such/folder")]
    [InlineData("The endpoint 'ftp://example.org/v1' is no http or https address", "evaluate", "--endpoint", "ftp://example.org/v1", "--model", "m")]
    [InlineData("--at-once 0 and --per-minute 0 are not allowed", "evaluate", "--endpoint", "http://127.0.0.1:1/v1", "--model", "m", "--at-once", "0")]
    [InlineData("Name the endpoint and its model with --endpoint URL --model NAME", "explore")]
    [InlineData("Endpoint.Url = 'example' is not allowed: write it as http://HOST:PORT/v1", "explore", "--endpoint", "example", "--model", "m")]
    [InlineData("so it cannot be trained: let it explore with 'src/run.sh explore'", "train", "--set", "Endpoint.Url=http://127.0.0.1:1/v1", "--set", "Endpoint.Model=m")]
    [InlineData("is not a loopback address", "serve", "--url", "http://0.0.0.0:5080")]
    [InlineData("is not a loopback address", "--url", "http://0.0.0.0:5080")]
    [InlineData("must be http, an address and a port", "serve", "--url", "5080")]
    [InlineData("There is no benchmark 'speed'", "bench", "speed")]
    public async Task RunAsync_WrongRequest_SaysOneSentence(string expected, params string[] args)
    {
        var (code, output, error) = await RunAsync(args);

        Assert.Equal(RroCommandLine.Refused, code);
        Assert.Empty(output);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain("Exception", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_UnknownOption_IsRefused()
    {
        var (code, _, error) = await RunAsync("train", "--sede", "1");

        Assert.Equal(RroCommandLine.Refused, code);
        Assert.Contains("--sede", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_PortInUse_SaysOneSentence()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)other.LocalEndpoint).Port}";

        var (code, output, error) = await RunAsync("serve", "--no-demo", "--url", url, "--data-dir", _folder);

        Assert.Equal(RroCommandLine.Refused, code);
        Assert.Empty(output);
        Assert.Contains($"{url} is in use by another program", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_DataFolderIsAFile_SaysOneSentence()
    {
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "");

        var (code, _, error) = await RunAsync("serve", "--url", "http://127.0.0.1:0", "--data-dir", file);

        Assert.Equal(RroCommandLine.Refused, code);
        Assert.Contains($"The data folder '{file}' cannot be written", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_LinkWithoutServer_SaysOneSentence()
    {
        var (code, output, error) = await RunAsync("link", "--data-dir", _folder);

        Assert.Equal(RroCommandLine.Refused, code);
        Assert.Empty(output);
        Assert.Contains("No dashboard has served", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_Help_NamesEveryCommand()
    {
        var (code, output, _) = await RunAsync("--help");

        Assert.Equal(0, code);
        Assert.All(["serve", "train", "bench", "doctor", "link"], name => Assert.Contains(name, output, StringComparison.Ordinal));
    }

    // A server that listens on all addresses under the flag that is said, and under the name that containers of last year say.
    [Theory]
    [InlineData("--unsafe-plain-http")]
    [InlineData("--unsafe-listen-without-accounts")]
    public async Task RunAsync_UnsafeFlagAndItsFormerName_AllowOtherAddresses(string flag)
    {
        // Past the check of the address, and stopped by the next one.
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "");

        var (code, _, error) = await RunAsync("serve", "--url", "http://0.0.0.0:0", "--data-dir", file, flag);
        var (without, _, refusal) = await RunAsync("serve", "--url", "http://0.0.0.0:0", "--data-dir", file);
        var (_, help, _) = await RunAsync("serve", "--help");

        Assert.Equal((RroCommandLine.Refused, RroCommandLine.Refused), (code, without));
        Assert.Contains($"The data folder '{file}' cannot be written", error, StringComparison.Ordinal);
        Assert.Contains("or add --unsafe-plain-http if only trusted people can reach it", refusal, StringComparison.Ordinal);
        Assert.Contains("--unsafe-plain-http", help, StringComparison.Ordinal);
        Assert.DoesNotContain("without-accounts", help, StringComparison.Ordinal);
    }

    internal static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await RroCommandLine.RunAsync(args, output, error).WaitAsync(TimeSpan.FromMinutes(1));
        return (code, output.ToString(), error.ToString());
    }
}
