using Microsoft.Playwright;

namespace RroDashboard.EndToEnd.Tests;

public sealed class EnvironmentTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Play_AnEpisodeOfTheShop_ByKeyboard_ShowsHowTheRewardCameAbout(ColorScheme scheme)
    {
        await using var visitor = await fixture.VisitAsync(scheme);
        await visitor.GoAsync("/environments");
        var page = visitor.Page;

        var play = page.GetByRole(AriaRole.Button, new() { Name = "Play shop-train-0", Exact = true });
        await play.PressAsync("Enter");
        await page.Locator("#open-search").FillAsync("sturdy chair");
        await page.Locator("#open-search").PressAsync("Enter");
        await page.GetByText("results ").First.WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "click[ b1 ]" }).PressAsync("Enter");
        await page.GetByRole(AriaRole.Button, new() { Name = "click[ buy ]" }).PressAsync("Enter");

        await page.Locator("#episode-reward").WaitForAsync();
        Assert.Equal(6, await page.Locator("#episode-parts tbody tr").CountAsync());
        Assert.Equal(3, await page.Locator("#episode .played li").CountAsync());
        if (Environment.GetEnvironmentVariable("RRO_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"environments-{scheme}.png".ToLowerInvariant()), FullPage = true });
        }

        await page.AxeAsync($"/environments {scheme}");
    }

    [Fact]
    public async Task Play_WordsSentInTheBreathTheyWereTypedIn_AreNotLost()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/environments");
        var page = visitor.Page;
        await page.GetByRole(AriaRole.Button, new() { Name = "Play shop-train-0", Exact = true }).ClickAsync();

        // The server has not seen the words yet when the button is pressed; a person who types fast is as quick on a slow line.
        await page.Locator("#open-search").EvaluateAsync(
            "input => { input.value = 'sturdy chair'; input.dispatchEvent(new Event('input', { bubbles: true })); input.form.querySelector('[type=submit]').click(); }");

        await page.GetByRole(AriaRole.Button, new() { Name = "click[ b1 ]" }).WaitForAsync();
    }

    [Fact]
    public async Task Play_TheExpertToTheEnd_Finishes()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/environments");
        var page = visitor.Page;
        await page.GetByRole(AriaRole.Button, new() { Name = "Play shop-train-1", Exact = true }).ClickAsync();

        for (var step = 0; step < 10 && await page.Locator("#episode-reward").CountAsync() == 0; step++)
        {
            await page.GetByText("What would the scripted expert do?").ClickAsync();
            await page.Locator($"#episode .played li:nth-child({step + 1})").WaitForAsync();
        }

        Assert.Equal(1, await page.Locator("#episode-reward").CountAsync());
    }

    [Fact]
    public async Task Address_OfATask_OpensItAgain_AndAFolderInItWaitsForThePerson()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/environments");
        var page = visitor.Page;
        await page.GetByRole(AriaRole.Button, new() { Name = "Play shop-train-2", Exact = true }).ClickAsync();
        await page.Locator("#episode").WaitForAsync();
        Assert.Contains("task=shop-train-2", page.Url, StringComparison.Ordinal);

        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "shop-train-2" }).WaitForAsync();

        await visitor.GoAsync("/environments?env=WebShop&folder=/no/such/folder");
        await page.GetByText("Nothing is open").WaitForAsync();
        Assert.Equal("/no/such/folder", await page.Locator("#env-folder").InputValueAsync());
        Assert.Equal(0, await page.Locator("#env-refusal").CountAsync());
    }

    [Theory]
    [InlineData("WebShop", "", "WebShop needs its data folder")]
    [InlineData("WebShop", "/no/such/folder", "'/no/such/folder' does not exist")]
    [InlineData("InterCodeSql", "/no/such/folder", "/no/such/folder")]
    public async Task Open_WithoutItsData_SaysWhatIsMissing(string kind, string folder, string message)
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/environments");
        var page = visitor.Page;

        await page.Locator("#env-kind").SelectOptionAsync(kind);
        await page.Locator("#env-folder").FillAsync(folder);
        await page.Locator("#env-open").ClickAsync();

        await page.Locator("#env-refusal").WaitForAsync();
        Assert.Contains(message, await page.Locator("#env-refusal").TextContentAsync(), StringComparison.Ordinal);
    }
}
