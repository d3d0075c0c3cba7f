"""Phrases of conversation: greetings, politeness, small talk, opinions, feelings, home and work."""

from __future__ import annotations

TABLE = """
Hello. | Bonjour. | all
Hello! | Bonjour ! | all
Hi! | Salut ! | tu
Good morning. | Bonjour. | all
Good afternoon. | Bonjour. | all
Good evening. | Bonsoir. | all
Good night. | Bonne nuit. | all
Goodbye. | Au revoir. | all
Bye! | Salut ! | tu
See you soon. | À bientôt. | all
See you later. | À plus tard. | all
See you tomorrow. | À demain. | all
See you on Monday. | À lundi. | all
See you next week. | À la semaine prochaine. | all
How are you? | Comment allez-vous ?
How are you doing? | Comment allez-vous ?
How are you today? | Comment allez-vous aujourd'hui ?
How is it going? | Comment ça va ? | all
I am fine, thank you. | Je vais bien, merci.
I'm fine, thank you. | Je vais bien, merci.
I am very well, thank you. | Je vais très bien, merci.
Very well, thank you. And you? | Très bien, merci. Et vous ?
Not too bad. | Pas trop mal.
I am so-so. | Je vais comme ci, comme ça.
What is your name? | Comment vous appelez-vous ?
What's your name? | Comment vous appelez-vous ?
My name is Sarah. | Je m'appelle Sarah.
Nice to meet you. | Enchanté. | vous
It is a pleasure to meet you. | C'est un plaisir de vous rencontrer. | vous
Pleased to see you again. | Ravi de vous revoir. | vous
Long time no see! | Ça fait longtemps ! | all
Welcome! | Bienvenue ! | all
Welcome to France! | Bienvenue en France ! | all
Come in! | Entrez ! | vous
Please sit down. | Asseyez-vous, s'il vous plaît. | vous
Make yourself at home. | Faites comme chez vous. | vous
Please. | S'il vous plaît.
Thank you. | Merci. | all
Thanks. | Merci. | all
Thank you very much. | Merci beaucoup. | all
Thanks a lot! | Merci beaucoup ! | all
Thank you for your help. | Merci pour votre aide. | vous
Thank you for everything. | Merci pour tout. | all
Thank you for coming. | Merci d'être venu.
You're welcome. | De rien. | all
Don't mention it. | Il n'y a pas de quoi. | all
It's nothing. | Ce n'est rien. | all
My pleasure. | Avec plaisir. | all
Excuse me. | Excusez-moi. | vous
I am sorry. | Je suis désolé. | all
I'm sorry. | Je suis désolé. | all
I'm really sorry. | Je suis vraiment désolé. | all
Sorry I'm late. | Désolé d'être en retard. | all
No problem. | Pas de problème. | all
It doesn't matter. | Ça ne fait rien. | all
Don't worry. | Ne vous inquiétez pas. | vous
Never mind. | Tant pis. | all
Of course. | Bien sûr. | all
Yes, of course. | Oui, bien sûr. | all
With pleasure. | Avec plaisir. | all
Yes. | Oui. | all
No. | Non. | all
Yes, please. | Oui, s'il vous plaît.
No, thank you. | Non, merci. | all
No, not yet. | Non, pas encore. | all
Maybe. | Peut-être. | all
Perhaps another time. | Une autre fois, peut-être. | all
Me too. | Moi aussi. | all
Me neither. | Moi non plus. | all
All right. | D'accord. | all
OK. | D'accord. | all
I agree. | Je suis d'accord. | all
I don't agree. | Je ne suis pas d'accord. | all
You are right. | Vous avez raison.
You are wrong. | Vous avez tort.
I think so. | Je pense que oui. | all
I don't think so. | Je ne pense pas. | all
I hope so. | J'espère que oui. | all
I hope not. | J'espère que non. | all
I don't know. | Je ne sais pas. | all
I have no idea. | Je n'en ai aucune idée. | all
I'm not sure. | Je ne suis pas sûr. | all
It depends. | Ça dépend. | all
It's possible. | C'est possible. | all
It's impossible. | C'est impossible. | all
That's true. | C'est vrai. | all
That's not true. | Ce n'est pas vrai. | all
That's a good idea. | C'est une bonne idée. | all
What a good idea! | Quelle bonne idée ! | all
That's enough. | Ça suffit. | all
That's all. | C'est tout. | all
That's too bad. | C'est dommage. | all
What a pity! | Quel dommage ! | all
It's not fair. | Ce n'est pas juste. | all
It's very kind of you. | C'est très gentil de votre part. | vous
It's my fault. | C'est ma faute. | all
It's not my fault. | Ce n'est pas ma faute. | all
It's your turn. | C'est à vous. | vous
It's my turn. | C'est à moi. | all
I understand. | Je comprends. | all
I don't understand. | Je ne comprends pas. | all
Do you understand? | Vous comprenez ? | vous
I forgot. | J'ai oublié. | all
I don't remember. | Je ne m'en souviens pas. | all
I promise. | Je le promets. | all
Are you sure? | Vous êtes sûr ?
Really? | Vraiment ? | all
What? | Quoi ?
Why? | Pourquoi ? | all
Why not? | Pourquoi pas ? | all
When? | Quand ?
Who is it? | Qui est-ce ?
Where? | Où ?
How? | Comment ?
How much? | Combien ?
Which one? | Lequel ?
What is this? | Qu'est-ce que c'est ? | all
What's that? | Qu'est-ce que c'est ? | all
What is happening? | Qu'est-ce qui se passe ? | all
What happened? | Qu'est-ce qui s'est passé ? | all
What's the matter? | Qu'est-ce qui ne va pas ? | all
What does it mean? | Qu'est-ce que ça veut dire ? | all
What does this word mean? | Que veut dire ce mot ? | all
How do you say that in French? | Comment dit-on cela en français ? | all
How do you spell it? | Comment ça s'écrit ? | all
Could you repeat that, please? | Pourriez-vous répéter, s'il vous plaît ?
Could you speak more slowly, please? | Pourriez-vous parler plus lentement, s'il vous plaît ?
Could you help me? | Pourriez-vous m'aider ? | vous
Can you help me, please? | Pouvez-vous m'aider, s'il vous plaît ?
Do you speak English? | Parlez-vous anglais ?
Do you speak French? | Parlez-vous français ?
I speak a little French. | Je parle un peu français. | all
I am learning French. | J'apprends le français. | all
I'd like to learn French. | J'aimerais apprendre le français. | all
Where do you come from? | D'où venez-vous ? | vous
Where are you from? | D'où êtes-vous ? | vous
I come from England. | Je viens d'Angleterre.
Where do you live? | Où habitez-vous ?
What do you do for a living? | Que faites-vous dans la vie ? | vous
How old are you? | Quel âge avez-vous ?
Are you married? | Êtes-vous marié ?
Do you have any children? | Avez-vous des enfants ?
I have a son and a daughter. | J'ai un fils et une fille.
This is my wife. | Voici ma femme.
This is my husband. | Voici mon mari.
This is my friend Peter. | Voici mon ami Pierre.
Make a wish! | Faites un vœu ! | vous
Happy birthday! | Joyeux anniversaire ! | all
Happy New Year! | Bonne année ! | all
Merry Christmas! | Joyeux Noël ! | all
Congratulations! | Félicitations ! | all
Well done! | Bravo ! | all
Good luck! | Bonne chance ! | all
Cheers! | Santé ! | all
Bless you! | À vos souhaits ! | vous
Get well soon! | Bon rétablissement ! | all
Have a nice day! | Bonne journée ! | all
Have a nice evening! | Bonne soirée ! | all
Have a good weekend! | Bon week-end ! | all
Have a good trip! | Bon voyage ! | all
Have fun! | Amusez-vous bien ! | vous
Sleep well! | Dormez bien ! | vous
Sweet dreams! | Fais de beaux rêves ! | tu
Take care of yourself. | Prends soin de toi. | tu
Be careful! | Faites attention ! | vous
Watch out! | Attention ! | all
Hurry up! | Dépêchez-vous ! | vous
Wait a minute. | Attendez une minute. | vous
Just a moment, please. | Un instant, s'il vous plaît.
I'm coming! | J'arrive ! | all
Let's go! | Allons-y ! | all
Let's start! | Commençons ! | all
Follow me. | Suivez-moi. | vous
Listen to me. | Écoutez-moi. | vous
Look at this! | Regardez ça ! | vous
Tell me the truth. | Dites-moi la vérité. | vous
Be quiet! | Taisez-vous ! | vous
Leave me alone! | Laissez-moi tranquille ! | vous
Stop! | Arrêtez ! | vous
Help me! | Aidez-moi ! | vous
I need help. | J'ai besoin d'aide. | all
Don't be afraid. | N'ayez pas peur. | vous
Don't cry. | Ne pleure pas. | tu
Calm down. | Calmez-vous. | vous
I love you. | Je t'aime. | tu
I miss you. | Tu me manques. | tu
I love you too. | Moi aussi, je t'aime. | tu
Will you marry me? | Veux-tu m'épouser ? | tu
Kiss me. | Embrasse-moi. | tu
You look tired. | Vous avez l'air fatigué.
You look happy. | Vous avez l'air heureux.
I am in love. | Je suis amoureux. | all
I am exhausted. | Je suis épuisé. | all
I'm bored. | Je m'ennuie. | all
I'm in a hurry. | Je suis pressé. | all
I'm joking. | Je plaisante. | all
I don't care. | Ça m'est égal. | all
I'm fed up. | J'en ai assez. | all
I can't wait! | J'ai hâte ! | all
I changed my mind. | J'ai changé d'avis. | all
I am proud of you. | Je suis fier de toi. | tu
You can count on me. | Tu peux compter sur moi. | tu
It makes me happy. | Ça me rend heureux. | all
I had a wonderful time. | J'ai passé un très bon moment. | all
What are you doing? | Qu'est-ce que vous faites ? | vous
What are you talking about? | De quoi parlez-vous ? | vous
What do you think about it? | Qu'est-ce que vous en pensez ? | vous
What did you say? | Qu'est-ce que vous avez dit ? | vous
What are you going to do tonight? | Qu'est-ce que vous allez faire ce soir ? | vous
Are you free on Saturday evening? | Êtes-vous libre samedi soir ? | vous
Would you like to dance? | Voulez-vous danser ? | vous
Do you want to come with us? | Voulez-vous venir avec nous ? | vous
Can I ask you a question? | Puis-je vous poser une question ? | vous
May I come in? | Puis-je entrer ? | all
May I smoke here? | Puis-je fumer ici ?
Who told you that? | Qui vous a dit ça ? | vous
Who are you? | Qui êtes-vous ?
Who is that man? | Qui est cet homme ?
Who is there? | Qui est là ?
Nobody knows. | Personne ne sait. | all
Everybody knows that. | Tout le monde sait ça. | all
Everything is fine. | Tout va bien. | all
Nothing has changed. | Rien n'a changé. | all
Life is beautiful. | La vie est belle.
Time is money. | Le temps, c'est de l'argent.
Better late than never. | Mieux vaut tard que jamais.
Practice makes perfect. | C'est en forgeant qu'on devient forgeron.
Silence is golden. | Le silence est d'or.
Everyone makes mistakes. | Tout le monde fait des erreurs.
Once upon a time, there was a king. | Il était une fois un roi.
What time is it? | Quelle heure est-il ?
Do you have the time? | Avez-vous l'heure ?
What day is it today? | Quel jour sommes-nous ?
What is the date today? | Quelle est la date d'aujourd'hui ?
It is getting late. | Il se fait tard.
It's time to go to bed. | C'est l'heure d'aller se coucher. | all
It's time to go. | Il est temps de partir. | all
What is the weather like? | Quel temps fait-il ?
The weather is nice today. | Il fait beau aujourd'hui.
It's raining cats and dogs. | Il pleut des cordes.
The sun is shining. | Le soleil brille.
Dinner is ready! | Le dîner est prêt ! | all
I am at work. | Je suis au travail.
I have to work tomorrow. | Je dois travailler demain.
I am looking for a job. | Je cherche du travail.
I work from home. | Je travaille à la maison.
I have a meeting this afternoon. | J'ai une réunion cet après-midi.
I'll send you an email. | Je vous enverrai un e-mail. | vous
I'll call you back later. | Je vous rappellerai plus tard. | vous
Can you call me back? | Pouvez-vous me rappeler ? | vous
Who is calling, please? | C'est de la part de qui, s'il vous plaît ?
Hold the line, please. | Ne quittez pas, s'il vous plaît.
The line is busy. | La ligne est occupée.
You have the wrong number. | Vous vous êtes trompé de numéro.
My phone doesn't work. | Mon téléphone ne marche pas.
The computer is not working. | L'ordinateur ne marche pas.
I forgot my password. | J'ai oublié mon mot de passe.
I finished my homework. | J'ai fini mes devoirs. | all
School starts at half past eight. | L'école commence à huit heures et demie.
Turn off the light, please. | Éteignez la lumière, s'il vous plaît.
Turn on the television. | Allumez la télévision.
Someone is knocking at the door. | Quelqu'un frappe à la porte.
"""
