namespace RroDashboard.Training.Tokenizer;

/// <summary>What token ids mean, for people.</summary>
public interface ITokenText
{
    /// <summary>One more than the highest id.</summary>
    int Size { get; }

    /// <summary>How one token is shown; control tokens as they are spelled.</summary>
    string Show(int id);

    /// <summary>The text of token ids.</summary>
    string Decode(ReadOnlySpan<int> ids);

    /// <summary>A mark of the dialogue and no text: a control token other than padding.</summary>
    bool IsMark(int id);
}
