using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace RroDashboard.Data.Migrations
{
    /// <inheritdoc />
    public partial class ReviewQueues : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "ReviewQueues",
                columns: table => new
                {
                    Key = table.Column<int>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    RunKey = table.Column<int>(type: "INTEGER", nullable: false),
                    RequestKey = table.Column<string>(type: "TEXT", nullable: false),
                    Kind = table.Column<string>(type: "TEXT", nullable: false),
                    Title = table.Column<string>(type: "TEXT", nullable: false),
                    Guidelines = table.Column<string>(type: "TEXT", nullable: false),
                    QuestionsJson = table.Column<string>(type: "TEXT", nullable: false),
                    RequiredAnswers = table.Column<int>(type: "INTEGER", nullable: false),
                    Order = table.Column<string>(type: "TEXT", nullable: false),
                    ControlShare = table.Column<double>(type: "REAL", nullable: false),
                    Seed = table.Column<long>(type: "INTEGER", nullable: false),
                    RewardWidth = table.Column<double>(type: "REAL", nullable: false),
                    CreatedTicks = table.Column<long>(type: "INTEGER", nullable: false),
                    CreatedById = table.Column<string>(type: "TEXT", nullable: false),
                    CreatedByName = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ReviewQueues", x => x.Key);
                    table.ForeignKey(
                        name: "FK_ReviewQueues_Runs_RunKey",
                        column: x => x.RunKey,
                        principalTable: "Runs",
                        principalColumn: "Key",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "ReviewItems",
                columns: table => new
                {
                    Key = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    QueueKey = table.Column<int>(type: "INTEGER", nullable: false),
                    Position = table.Column<int>(type: "INTEGER", nullable: false),
                    Control = table.Column<bool>(type: "INTEGER", nullable: false),
                    Usefulness = table.Column<double>(type: "REAL", nullable: false),
                    PairIndex = table.Column<int>(type: "INTEGER", nullable: true),
                    Task = table.Column<int>(type: "INTEGER", nullable: false),
                    Step = table.Column<int>(type: "INTEGER", nullable: false),
                    Attempt = table.Column<int>(type: "INTEGER", nullable: true),
                    Gap = table.Column<double>(type: "REAL", nullable: false),
                    Answers = table.Column<int>(type: "INTEGER", nullable: false),
                    Complete = table.Column<bool>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false),
                    FinalJson = table.Column<string>(type: "TEXT", nullable: true),
                    FinalNote = table.Column<string>(type: "TEXT", nullable: true),
                    FinalById = table.Column<string>(type: "TEXT", nullable: true),
                    FinalByName = table.Column<string>(type: "TEXT", nullable: true),
                    FinalTicks = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ReviewItems", x => x.Key);
                    table.ForeignKey(
                        name: "FK_ReviewItems_ReviewQueues_QueueKey",
                        column: x => x.QueueKey,
                        principalTable: "ReviewQueues",
                        principalColumn: "Key",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "ReviewAnswers",
                columns: table => new
                {
                    Key = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    ItemKey = table.Column<long>(type: "INTEGER", nullable: false),
                    ReviewerId = table.Column<string>(type: "TEXT", nullable: false),
                    ReviewerName = table.Column<string>(type: "TEXT", nullable: false),
                    State = table.Column<string>(type: "TEXT", nullable: false),
                    ValuesJson = table.Column<string>(type: "TEXT", nullable: false),
                    Note = table.Column<string>(type: "TEXT", nullable: false),
                    BetterAction = table.Column<string>(type: "TEXT", nullable: false),
                    ChosenIsB = table.Column<bool>(type: "INTEGER", nullable: false),
                    Seconds = table.Column<double>(type: "REAL", nullable: false),
                    StartedTicks = table.Column<long>(type: "INTEGER", nullable: false),
                    ChangedTicks = table.Column<long>(type: "INTEGER", nullable: false),
                    DoneTicks = table.Column<long>(type: "INTEGER", nullable: true),
                    Order = table.Column<string>(type: "TEXT", nullable: false),
                    ControlShare = table.Column<double>(type: "REAL", nullable: false),
                    Control = table.Column<bool>(type: "INTEGER", nullable: false),
                    Source = table.Column<string>(type: "TEXT", nullable: false),
                    ImportKey = table.Column<string>(type: "TEXT", nullable: true),
                    Replaces = table.Column<long>(type: "INTEGER", nullable: true),
                    Version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ReviewAnswers", x => x.Key);
                    table.ForeignKey(
                        name: "FK_ReviewAnswers_ReviewItems_ItemKey",
                        column: x => x.ItemKey,
                        principalTable: "ReviewItems",
                        principalColumn: "Key",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "ReviewReservations",
                columns: table => new
                {
                    ItemKey = table.Column<long>(type: "INTEGER", nullable: false),
                    ReviewerId = table.Column<string>(type: "TEXT", nullable: false),
                    ReviewerName = table.Column<string>(type: "TEXT", nullable: false),
                    ExpiresTicks = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ReviewReservations", x => new { x.ItemKey, x.ReviewerId });
                    table.ForeignKey(
                        name: "FK_ReviewReservations_ReviewItems_ItemKey",
                        column: x => x.ItemKey,
                        principalTable: "ReviewItems",
                        principalColumn: "Key",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_ReviewAnswers_ItemKey_ReviewerId",
                table: "ReviewAnswers",
                columns: new[] { "ItemKey", "ReviewerId" },
                unique: true,
                filter: "State <> 'Undone'");

            migrationBuilder.CreateIndex(
                name: "IX_ReviewAnswers_ReviewerId",
                table: "ReviewAnswers",
                column: "ReviewerId");

            migrationBuilder.CreateIndex(
                name: "IX_ReviewItems_QueueKey_Position",
                table: "ReviewItems",
                columns: new[] { "QueueKey", "Position" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_ReviewQueues_Id",
                table: "ReviewQueues",
                column: "Id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_ReviewQueues_RequestKey",
                table: "ReviewQueues",
                column: "RequestKey",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_ReviewQueues_RunKey",
                table: "ReviewQueues",
                column: "RunKey");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "ReviewAnswers");

            migrationBuilder.DropTable(
                name: "ReviewReservations");

            migrationBuilder.DropTable(
                name: "ReviewItems");

            migrationBuilder.DropTable(
                name: "ReviewQueues");
        }
    }
}
