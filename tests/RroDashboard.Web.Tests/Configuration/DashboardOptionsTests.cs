using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Tests.Configuration;

public sealed class DashboardOptionsTests
{
    [Theory]
    [InlineData("http://0.0.0.0:5080")]
    [InlineData("http://192.168.1.4:5080")]
    [InlineData("http://[::]:5080")]
    [InlineData("http://example.org:80")]
    [InlineData("http://localhost.example.org:80")]
    public void Validate_AddressThatOthersReach_RefusesInOneSentence(string url)
    {
        var refusal = Assert.Throws<RefusalException>(() => new DashboardOptions { Url = url }.Validate());

        Assert.Contains(url, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(DashboardOptions.UnsafeFlag, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Theory]
    [InlineData("http://127.0.0.1:5080")]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("http://[::1]:5080")]
    [InlineData("http://localhost:5080")]
    public void Validate_Loopback_Passes(string url) => new DashboardOptions { Url = url }.Validate();

    [Theory]
    [InlineData("5080")]
    [InlineData("ftp://127.0.0.1")]
    [InlineData("https://127.0.0.1:5080")]
    [InlineData("http://127.0.0.1:5080/path")]
    [InlineData("http://*:5080")]
    [InlineData("http://+:5080")]
    public void Validate_NotAnAddress_Refuses(string url) =>
        Assert.Throws<RefusalException>(() => new DashboardOptions { Url = url }.Validate());

    [Fact]
    public void Validate_UnsafeFlag_AllowsOtherAddresses() =>
        new DashboardOptions { Url = "http://0.0.0.0:8080", UnsafePlainHttp = true }.Validate();

    [Fact]
    public void PrepareDataFolder_New_OnlyTheUserCanRead()
    {
        var parent = Directory.CreateTempSubdirectory("rro-options-").FullName;
        try
        {
            var folder = Path.Combine(parent, "data");
            new DashboardOptions { DataFolder = folder }.PrepareDataFolder();

            Assert.Empty(Directory.EnumerateFiles(folder));
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
            }
        }
        finally
        {
            Directory.Delete(parent, recursive: true);
        }
    }

    [Fact]
    public void PrepareDataFolder_IsAFile_RefusesInOneSentence()
    {
        var file = Path.GetTempFileName();
        try
        {
            var refusal = Assert.Throws<RefusalException>(() => new DashboardOptions { DataFolder = file }.PrepareDataFolder());

            Assert.Contains(file, refusal.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(" at RroDashboard", refusal.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
