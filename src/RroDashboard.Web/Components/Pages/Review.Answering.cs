using RroDashboard.Core.Review;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Review;

namespace RroDashboard.Web.Components.Pages;

/// <summary>What a person does to an item: drafts, answers, skips, takes back, holds on.</summary>
public sealed partial class Review
{
    private Task ChangedAsync(ReviewContent content)
    {
        (_values, _note, _better, _dirty) = (content.Values, content.Note, content.BetterAction, true);
        _saveState = "Not kept yet …";
        _save!.Change(SaveAfter, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    private async Task SaveAndShowAsync()
    {
        // Says what it has to say itself, and clears nothing that the page said since.
        await SaveAsync();
        StateHasChanged();
    }

    // What the page knew when it was opened may be over.
    private Task<UserInfo> DemandAsync() => Rights.DemandAsync(UserRole.Reviewer, "answer review queues");

    private ReviewContent Content() => new([.. _values.Select(v => ReviewLetters.Turn(_queue!.Kind, v, _item!.ChosenIsB))], _note, _better);

    private double Seconds()
    {
        var seconds = Time.GetElapsedTime(_since).TotalSeconds;
        _since = Time.GetTimestamp();
        return seconds;
    }

    private async Task SaveAsync()
    {
        if (!_dirty || _item is not { IsDone: false } item)
        {
            return;
        }

        // One change at a time: the next names the version that this one makes.
        await _one.WaitAsync();
        try
        {
            if (_dirty)
            {
                _dirty = false;
                await DemandAsync();
                _version = await Store.DraftAsync(QueueId, item.Id, _me, Content(), _version, Seconds(), "page", CancellationToken.None);
                _saveState = _dirty ? _saveState : "Kept.";
            }
        }
        catch (Exception e) when (e is ReviewConflictException or ReviewRefusedException or RefusalException)
        {
            (_saveState, _problem) = ("Not kept: " + e.Message, e.Message);
        }
        finally
        {
            _one.Release();
        }
    }

    private Task SubmitAsync() => FinishAsync(skip: false);

    private Task SkipAsync() => FinishAsync(skip: true);

    private Task FinishAsync(bool skip) => TryAsync(async () =>
    {
        if (_item is not { IsDone: false } item)
        {
            await NextAsync();
            return;
        }

        await DemandAsync();
        await _one.WaitAsync();
        try
        {
            _version = skip
                ? await Store.SkipAsync(QueueId, item.Id, _me, Content(), _version, Seconds(), "page", _left.Token)
                : await Store.SubmitAsync(QueueId, item.Id, _me, Content(), _version, Seconds(), "page", _left.Token);
            _dirty = false;
        }
        finally
        {
            _one.Release();
        }

        _last = await Queries.ItemAsync(QueueId, item.Id, _me, _left.Token);
        _lastReveal = skip || _last is null ? null : await Desk.RevealAsync(_queue!, _last, _left.Token);
        await ShowAsync(await Store.NextAsync(QueueId, _me, _left.Token));
        _said = $"Item {item.Position + 1} {(skip ? "skipped" : "answered")}. {(_item is null ? "Nothing left for you." : $"Now item {_item.Position + 1}.")}";
    });

    private Task UndoAsync() => TryAsync(async () =>
    {
        await DemandAsync();
        await SaveAsync();
        if (await Store.UndoAsync(QueueId, _me, _left.Token) is { } undone)
        {
            (_last, _lastReveal) = (null, null);
            await ShowAsync(undone);
            _said = $"Item {_item!.Position + 1} is open again, with what you had written{(_values.All(v => v is null) ? "; choose anew" : "")}.";
        }
        else
        {
            _said = "There is nothing to take back.";
        }
    });

    private Task ExtendAsync() => TryAsync(async () =>
    {
        await DemandAsync();
        var held = _item is { } item && await Store.HoldAsync(QueueId, item.Id, _me, _left.Token);
        _problem = held ? null : "The item went to someone else meanwhile. What you wrote is kept; it counts only if they leave it.";
        if (held)
        {
            _item = _item! with { HeldUntilUtc = (await Queries.ItemAsync(QueueId, _item.Id, _me, _left.Token))?.HeldUntilUtc };
        }
    });

    private async Task TryAsync(Func<Task> what)
    {
        try
        {
            _problem = null;
            await what();
        }
        catch (ReviewConflictException e)
        {
            // The database has another answer than this page: show that one, and say so.
            _problem = e.Message;
            if (_item is { } item && await Queries.ItemAsync(QueueId, item.Id, _me, _left.Token) is { IsDone: true })
            {
                await ShowAsync(item.Id);
            }
        }
        catch (Exception e) when (e is ReviewRefusedException or RefusalException)
        {
            _problem = e.Message;
        }
        catch (OperationCanceledException) when (_left.IsCancellationRequested)
        {
            // The page was left.
        }
    }
}
