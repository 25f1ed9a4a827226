using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Data;

namespace RroDashboard.Web.Tests.SecurityRules;

/// <summary>Whom the server lets in by itself, and whom it calls: nobody.</summary>
public sealed class ReachTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    /// <summary>Types that open connections to elsewhere.</summary>
    private static readonly string[] Outgoing = ["HttpClient", "IHttpClientFactory", "WebRequest", "HttpWebRequest", "WebClient", "TcpClient", "UdpClient", "Socket", "ClientWebSocket", "SmtpClient", "Ping"];

    [Fact]
    public void Server_Code_OpensNoConnectionToElsewhere()
    {
        // So no request can make it fetch something: there are no web hooks, no import by address and no pictures of others. A model behind an endpoint is
        // called by a command of whoever sits at the machine, and that is the one room that may.
        foreach (var room in new[] { typeof(RroWebApplication).Assembly, typeof(RroDbContext).Assembly, typeof(Core.Plans.RunPlan).Assembly, typeof(Environments.IAgentEnvironment).Assembly })
        {
            using var file = new PEReader(File.OpenRead(room.Location));
            var metadata = file.GetMetadataReader();
            var used = metadata.TypeReferences.Select(metadata.GetTypeReference).Select(t => metadata.GetString(t.Name)).ToHashSet(StringComparer.Ordinal);

            Assert.Contains("String", used);
            Assert.True(!used.Overlaps(Outgoing), $"{room.GetName().Name} uses {string.Join(", ", used.Intersect(Outgoing))}");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    [InlineData("' OR 1=1 --")]
    public async Task Account_WithoutAnInvitation_CannotBeMade(string token)
    {
        using var client = fixture.CreateClient();
        var page = await client.GetStringAsync("/sign-in");
        var before = (await fixture.Server.App.Services.GetRequiredService<AccountStore>().ListAsync(default)).Count;

        using var form = new FormUrlEncodedContent([new("token", token), new("name", "Uninvited"), new("password", "a long enough sentence"), new("__RequestVerificationToken", ServerFixture.FormToken(page))]);
        using var answer = await client.PostAsync("/invitation/accept", form);

        Assert.Equal("/invitation", answer.Headers.Location!.OriginalString);
        Assert.Equal(before, (await fixture.Server.App.Services.GetRequiredService<AccountStore>().ListAsync(default)).Count);
    }
}
