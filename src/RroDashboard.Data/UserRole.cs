namespace RroDashboard.Data;

/// <summary>What a person may do. Each role may do what the ones before it may.</summary>
public enum UserRole
{
    /// <summary>Sees everything.</summary>
    Viewer,

    /// <summary>Answers review queues, and notes and names things.</summary>
    Reviewer,

    /// <summary>Starts, stops, resumes and deletes runs.</summary>
    Operator,

    /// <summary>Users, tokens, links and settings.</summary>
    Admin,
}
