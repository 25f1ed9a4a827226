using Microsoft.Playwright;
using RroDashboard.Core.Plans;

namespace RroDashboard.EndToEnd.Tests;

public sealed class NewRunTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task NewRun_CloneOfARun_MarksWhatIsChangedAndTakesItBack(ColorScheme scheme)
    {
        var plan = Presets.Create("demo");
        (plan.Explore.Tasks, plan.Explore.MaxCandidates) = (20, 4);
        var run = await fixture.Dashboard.EnqueueAsync(plan);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync(scheme);
        await visitor.GoAsync($"/runs/new?from={run}");
        var page = visitor.Page;

        Assert.Contains(run, await page.Locator("#cloned-from").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal("4", await page.Locator("#set-Explore-MaxCandidates").InputValueAsync());
        Assert.Equal(0, await page.Locator(".changed").CountAsync());
        await page.Locator("#set-Explore-MaxCandidates").FillAsync("2");
        await page.Locator("#set-Explore-MaxCandidates").BlurAsync();
        await page.GetByText($"Run {run}: 4").WaitForAsync();
        Assert.Equal("1 changed.", await page.Locator("#changed-count").TextContentAsync());
        await page.Locator("#show-tasks").ClickAsync();
        await page.UntilAsync("document.querySelectorAll('.preview-tasks li').length === 5");
        Assert.Matches(@"^\d", await page.Locator("[data-estimate=time]").TextContentAsync() ?? "");
        await page.AxeAsync($"new run {scheme}");
        await page.PictureAsync($"new-{scheme}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Reset Max candidates" }).PressAsync("Enter");

        await page.UntilAsync("document.querySelector('#set-Explore-MaxCandidates').value === '4' && document.querySelectorAll('.changed').length === 0");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task NewRun_BackAndStartAgain_MakesNoSecondRun()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/runs/new?preset=smoke");
        var page = visitor.Page;
        var before = await fixture.Dashboard.CountRunsAsync();
        await page.Locator("#set-Seed").FillAsync("77");
        await page.Locator("#set-Seed").BlurAsync();
        await page.GetByText("--seed 77").First.WaitForAsync();
        await page.Locator("#start-run").ClickAsync();
        await page.Locator(".run-head").WaitForAsync();
        var first = page.Url;

        await page.GoBackAsync();
        await page.UntilAsync("document.querySelector('#set-Seed')?.value === '77'");
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await page.Locator("#start-run").ClickAsync();
        await page.Locator(".run-head").WaitForAsync();
        Assert.Equal(first, page.Url);
        Assert.Equal(before + 1, await fixture.Dashboard.CountRunsAsync());

        await page.GoBackAsync();
        await page.UntilAsync("document.querySelector('#set-Seed')?.value === '77'");
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await page.Locator("#set-Seed").FillAsync("78");
        await page.Locator("#set-Seed").BlurAsync();
        await page.GetByText("--seed 78").First.WaitForAsync();
        await page.Locator("#start-run").ClickAsync();
        await page.Locator(".run-head").WaitForAsync();
        Assert.Equal(before + 2, await fixture.Dashboard.CountRunsAsync());
        await fixture.Dashboard.WaitForEndAsync(page.Url[(page.Url.LastIndexOf('/') + 1)..]);
    }

    [Fact]
    public async Task NewRun_MoreThanTheDiskHas_IsRefusedBeforeItStarts()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/runs/new?set=Explore.Tasks%3D1000000&set=Environment.TrainTasks%3D1000000&set=Explore.MaxCandidates%3D1000&set=Explore.Selection%3DAllBest");
        var page = visitor.Page;
        var before = await fixture.Dashboard.CountRunsAsync();

        Assert.StartsWith("The disk is short: this run needs about", await page.Locator("#no-room").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator("#start-run").ClickAsync();
        await page.Locator("#refusal").WaitForAsync();

        Assert.StartsWith("The disk is short", await page.Locator("#refusal").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal(before, await fixture.Dashboard.CountRunsAsync());
    }

    [Fact]
    public async Task NewRun_CardThatIsNotThere_IsRefusedBeforeItStarts()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/runs/new?set=Model.Device%3Dcuda:63");
        var page = visitor.Page;
        var before = await fixture.Dashboard.CountRunsAsync();

        Assert.StartsWith("Model.Device = 'cuda:63' asks for ", await page.Locator("#no-room").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator("#start-run").ClickAsync();
        await page.Locator("#refusal").WaitForAsync();

        Assert.StartsWith("Model.Device = 'cuda:63' asks for ", await page.Locator("#refusal").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal(before, await fixture.Dashboard.CountRunsAsync());
    }

    [Fact]
    public async Task NewRun_FindMethodAndJson_WorkByKeyboard()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/runs/new");
        var page = visitor.Page;

        await page.Locator("#method").SelectOptionAsync("fixed-3");
        await page.UntilAsync("document.querySelector('#set-Explore-MaxCandidates').value === '3'");
        await page.Locator("#find-setting").PressSequentiallyAsync("margin");
        await page.UntilAsync("document.querySelector('#set-Explore-RiseMargin') !== null && document.querySelector('#set-Seed') === null");
        await page.GetByText("As JSON: copy it, or paste another").PressAsync("Enter");
        await page.Locator("#json-write").PressAsync("Enter");
        await page.UntilAsync("document.querySelector('#plan-json').value.includes('\"Explore.MaxCandidates\": \"3\"')");
        await page.Locator("#plan-json").FillAsync("{\"preset\":\"smoke\",\"settings\":{\"Explore.Tasks\":\"<b>x</b>\"}}");
        await page.Locator("#json-read").PressAsync("Enter");

        await page.GetByText("Explore.Tasks = '<b>x</b>' is not allowed").WaitForAsync();
        await page.Locator("#plan-json").FillAsync("{\"preset\":\"smoke\",\"settings\":{\"Explore.Tasks\":5}}");
        await page.Locator("#json-read").PressAsync("Enter");
        await page.GetByText("src/run.sh train --preset smoke --seed 0 --set Explore.Tasks=5").WaitForAsync();
    }

    [Fact]
    public async Task NewRun_NoSuchRunToClone_SaysSo()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/runs/new?from=nosuchrun1");

        await visitor.Page.GetByText("There is no run 'nosuchrun1' to take settings from: this is the preset.").WaitForAsync();
    }
}
